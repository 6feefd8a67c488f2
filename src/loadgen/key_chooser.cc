#include "loadgen/key_chooser.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/status_macros.h"
#include "loadgen/number_text.h"

namespace corelane::loadgen {
namespace {

constexpr int kScramblerBitsMin = 4;

struct DistributionWord {
  KeyDistribution distribution;
  std::string_view word;
  size_t numbers_max;  // that may follow, in `:`
};

constexpr DistributionWord kDistributions[] = {
    {KeyDistribution::kUniform, "uniform", 0},       {KeyDistribution::kZipfian, "zipfian", 1},
    {KeyDistribution::kLatest, "latest", 1},         {KeyDistribution::kHotspot, "hotspot", 2},
    {KeyDistribution::kSequential, "sequential", 0},
};

Status Wrong(std::string_view what) { return Status(StatusCode::kBadArgument, std::string(what)); }

// `numbers` are what stands behind the word, which takes that many.
Status ReadNumbers(std::span<const std::string_view> numbers, KeyChooserOptions& options) {
  double* const theta[] = {&options.theta};
  double* const hot[] = {&options.hot_keys, &options.hot_accesses};
  const std::span<double* const> targets =
      options.distribution == KeyDistribution::kHotspot ? std::span<double* const>(hot) : theta;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Result<double> number = ParsePlainNumber(numbers[i]);
    if (!number.ok()) return number.status();
    *targets[i] = *number;
  }
  return OkStatus();
}

Status ParseInto(std::string_view text, KeyChooserOptions& options) {
  const std::vector<std::string_view> parts = SplitAt(text, ':');
  for (const DistributionWord& known : kDistributions) {
    if (known.word != parts[0]) continue;
    const size_t numbers = parts.size() - 1;
    // "hotspot" takes both numbers or none.
    if (numbers != 0 && numbers != known.numbers_max) return Wrong("the count of numbers is wrong");
    options.distribution = known.distribution;
    RETURN_IF_ERROR(ReadNumbers(std::span(parts).subspan(1), options));
    return CheckKeyChooser(options);
  }
  return Wrong("there is no such distribution");
}

}  // namespace

Result<KeyChooserOptions> ParseKeyDistribution(std::string_view text) {
  KeyChooserOptions options;
  const Status status = ParseInto(text, options);
  if (status.ok()) return options;
  return Status(status.code(), "key distribution \"" + std::string(text) +
                                   "\": " + status.message() +
                                   "; write uniform, zipfian[:THETA], latest[:THETA], "
                                   "hotspot[:KEYS:ACCESSES] or sequential");
}

Status CheckKeyChooser(const KeyChooserOptions& options) {
  if (!(options.theta > 0 && options.theta < 2)) return Wrong("theta is not between 0 and 2");
  if (!(options.hot_keys > 0 && options.hot_keys <= 1)) {
    return Wrong("the share of hot keys is not over 0 and at most 1");
  }
  if (!(options.hot_accesses >= 0 && options.hot_accesses <= 1)) {
    return Wrong("the share of operations on hot keys is not from 0 to 1");
  }
  if (options.step == 0) return Wrong("the step from key to key is 0");
  return OkStatus();
}

KeyScrambler::KeyScrambler(uint64_t keys) { Grow(keys); }

void KeyScrambler::Grow(uint64_t keys) {
  keys_ = keys;
  if (keys_ <= mask_) return;
  const int bits = std::max(kScramblerBitsMin, static_cast<int>(std::bit_width(keys - 1)) + 1);
  mask_ = (uint64_t{1} << bits) - 1;
  shift_ = bits / 2;
}

KeyChooser::KeyChooser(const KeyChooserOptions& options, uint64_t keys)
    : options_(options),
      keys_(keys),
      hot_keys_(HotKeys()),
      next_(options.begin),
      zipf_(options.theta, keys),
      scrambler_(keys) {
  CHECK(CheckKeyChooser(options).ok());
}

void KeyChooser::Grow(uint64_t keys) {
  CHECK(keys >= keys_);
  keys_ = keys;
  hot_keys_ = HotKeys();
  zipf_.set_ranks(keys);
  scrambler_.Grow(keys);
}

uint64_t KeyChooser::HotKeys() const {
  const double hot_keys = std::ceil(options_.hot_keys * static_cast<double>(keys_));
  return std::clamp<uint64_t>(static_cast<uint64_t>(hot_keys), 1, keys_);
}

uint64_t KeyChooser::Next(base::Random& random) {
  switch (options_.distribution) {
    case KeyDistribution::kZipfian:
      return scrambler_.Place(zipf_.Next(random));
    case KeyDistribution::kLatest:
      return keys_ - 1 - zipf_.Next(random);
    case KeyDistribution::kHotspot:
      return NextHotspot(random);
    case KeyDistribution::kSequential:
      return NextSequential();
    case KeyDistribution::kUniform:
      break;
  }
  return random.Uniform(keys_);
}

uint64_t KeyChooser::NextHotspot(base::Random& random) const {
  if (hot_keys_ == keys_ || random.Fraction() < options_.hot_accesses) {
    return random.Uniform(hot_keys_);
  }
  return hot_keys_ + random.Uniform(keys_ - hot_keys_);
}

uint64_t KeyChooser::NextSequential() {
  // Back to the begin, not modulo n, so that threads with a begin of their own keep to their keys.
  if (next_ >= keys_) next_ = options_.begin % keys_;
  const uint64_t index = next_;
  next_ += options_.step;
  return index;
}

}  // namespace corelane::loadgen
