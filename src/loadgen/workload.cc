#include "loadgen/workload.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "loadgen/number_text.h"
#include "loadgen/seeds.h"

namespace corelane::loadgen {
namespace {

struct YcsbRow {
  std::string_view letter;
  OpKind most;
  OpKind rest;
  double most_percent;
  KeyDistribution distribution;
};

constexpr YcsbRow kYcsb[] = {
    {"a", OpKind::kRead, OpKind::kUpdate, 50, KeyDistribution::kZipfian},
    {"b", OpKind::kRead, OpKind::kUpdate, 95, KeyDistribution::kZipfian},
    {"c", OpKind::kRead, OpKind::kUpdate, 100, KeyDistribution::kZipfian},
    {"d", OpKind::kRead, OpKind::kInsert, 95, KeyDistribution::kLatest},
    {"e", OpKind::kReadMulti, OpKind::kInsert, 95, KeyDistribution::kZipfian},
    {"f", OpKind::kRead, OpKind::kReadModifyWrite, 50, KeyDistribution::kZipfian},
};
constexpr uint32_t kYcsbScanKeysMax = 100;

Status Wrong(std::string_view what) { return Status(StatusCode::kBadArgument, std::string(what)); }

std::string KindNames() {
  std::string names;
  for (uint32_t kind = 0; kind < kMixKinds; ++kind) {
    if (kind != 0) names += ", ";
    names += OpName(static_cast<OpKind>(kind));
  }
  return names;
}

// "read=95"
Status ParseWeight(std::string_view text, OpMix& mix) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Wrong(absl::StrCat("\"", base::ToAbsl(text), "\" has no weight"));
  }
  const std::string_view name = text.substr(0, equals);
  for (uint32_t kind = 0; kind < kMixKinds; ++kind) {
    if (OpName(static_cast<OpKind>(kind)) != name) continue;
    if (mix[kind] != 0) {
      return Wrong(absl::StrCat("\"", base::ToAbsl(name), "\" comes twice"));
    }
    const Result<double> weight = ParsePlainNumber(text.substr(equals + 1));
    if (!weight.ok()) return weight.status();
    mix[kind] = *weight;
    return OkStatus();
  }
  return Wrong(absl::StrCat("there is no operation \"", base::ToAbsl(name), "\""));
}

bool IsZero(double weight) { return weight == 0; }

Status ParseWeights(std::string_view text, OpMix& mix) {
  for (const std::string_view part : SplitAt(text, ',')) RETURN_IF_ERROR(ParseWeight(part, mix));
  return std::all_of(mix.begin(), mix.end(), IsZero) ? Wrong("all weights are 0") : OkStatus();
}

Status CheckMix(const WorkloadOptions& options) {
  for (const double weight : options.mix) {
    if (!(weight >= 0 && std::isfinite(weight))) return Wrong("a weight of the mix is no number");
  }
  if (std::all_of(options.mix.begin(), options.mix.end(), IsZero)) {
    return Wrong("no operation of the mix has a weight");
  }
  if (options.multi_keys_min == 0 || options.multi_keys_min > options.multi_keys_max ||
      options.multi_keys_max > kMultiKeysMax) {
    return Wrong("the keys of a request are no range from 1 to " + std::to_string(kMultiKeysMax));
  }
  if (!(options.hit_rate >= 0 && options.hit_rate <= 1)) {
    return Wrong("the hit rate is not from 0 to 1");
  }
  const bool expires = options.weight(OpKind::kExpire) != 0;
  if (options.write_ttl.min_ms > options.write_ttl.max_ms ||
      options.expire_ttl.min_ms > options.expire_ttl.max_ms ||
      (expires && options.expire_ttl.min_ms == 0)) {
    return Wrong("a time to live is no range, or 0 where there must be one");
  }
  return OkStatus();
}

// The first of the keys that nobody writes: as many as the load phase has keys, at the end.
uint64_t FirstMissing(const WorkloadOptions& options) {
  return options.key_number_max - (options.keys - 1);
}

uint64_t InsertsMax(const WorkloadOptions& options) {
  const uint64_t numbers = FirstMissing(options) - options.keys;
  return numbers <= options.thread ? 0 : (numbers - options.thread - 1) / options.threads + 1;
}

// Before anything is computed from them.
const WorkloadOptions& Checked(const WorkloadOptions& options) {
  CHECK(CheckWorkload(options).ok());
  return options;
}

}  // namespace

Result<OpMix> ParseMix(std::string_view text) {
  OpMix mix = {};
  const Status status = ParseWeights(text, mix);
  if (status.ok()) return mix;
  return Status(status.code(), "mix \"" + std::string(text) + "\": " + status.message() +
                                   "; write OPERATION=WEIGHT,...; operations are " + KindNames());
}

Status CheckWorkload(const WorkloadOptions& options) {
  if (options.threads == 0 || options.thread >= options.threads) {
    return Wrong("the thread's index is not below the count of threads");
  }
  if (options.keys < options.threads) return Wrong("there are fewer keys than threads");
  if (options.keys > ZipfSampler::kRanksMax) return Wrong("there are more than 2^50 keys");
  if (options.keys > options.key_number_max / 2) {
    return Wrong("the keys have too few digits: half of their numbers are for reads that miss");
  }
  RETURN_IF_ERROR(CheckMix(options));
  if (options.weight(OpKind::kInsert) != 0 && InsertsMax(options) == 0) {
    return Wrong("the keys have too few digits: there is no number left for an insert");
  }
  return CheckKeyChooser(options.chooser);
}

Status SetYcsb(std::string_view letter, WorkloadOptions& options) {
  const auto* const row = std::find_if(std::begin(kYcsb), std::end(kYcsb),
                                       [&](const YcsbRow& row) { return row.letter == letter; });
  if (row == std::end(kYcsb)) {
    return Wrong(
        absl::StrCat("there is no YCSB workload \"", base::ToAbsl(letter), "\", only a to f"));
  }
  options.mix = {};
  options.mix[static_cast<size_t>(row->most)] = row->most_percent;
  options.mix[static_cast<size_t>(row->rest)] = 100 - row->most_percent;
  options.chooser = KeyChooserOptions();
  options.chooser.distribution = row->distribution;
  if (row->most == OpKind::kReadMulti) {
    options.multi_keys_min = 1;
    options.multi_keys_max = kYcsbScanKeysMax;
    options.multi_neighbours = true;
  }
  return OkStatus();
}

Workload::Workload(const WorkloadOptions& options)
    : options_(Checked(options)),
      share_(options.share()),
      loaded_(options.own_keys_only ? share_.loaded() : options.keys),
      inserts_max_(InsertsMax(options)),
      random_(StreamSeed(options.seed, kWorkloadStreams + options.thread)),
      kinds_(options.mix),
      chooser_(options.chooser, loaded_) {
  keys_.reserve(options.multi_keys_max);
}

void Workload::Next(Operation& operation) {
  const auto kind = static_cast<OpKind>(kinds_.Next(random_));
  operation = Operation();
  operation.kind = kind;
  const bool multi = kind == OpKind::kReadMulti || kind == OpKind::kWriteMulti;
  const bool may_miss = kind == OpKind::kRead || kind == OpKind::kReadMulti;
  const int64_t count =
      multi ? random_.Between(options_.multi_keys_min, options_.multi_keys_max) : 1;
  if (kind == OpKind::kInsert) {
    DrawInsert();
  } else if (multi && options_.multi_neighbours) {
    DrawNeighbours(static_cast<uint64_t>(count), may_miss);
  } else {
    DrawKeys(static_cast<uint64_t>(count), may_miss);
  }
  operation.keys = keys_;
  if (kind == OpKind::kExpire) {
    operation.ttl_ms = Draw(options_.expire_ttl);
  } else if (Writes(kind) && kind != OpKind::kDelete) {
    operation.value_bytes = options_.value_sizes.Next(random_);
    operation.ttl_ms = Draw(options_.write_ttl);
  }
}

void Workload::DrawInsert() {
  keys_.assign(1, share_.InsertedKey(inserts_ % inserts_max_));
  ++inserts_;
  if (inserts_ <= inserts_max_) chooser_.Grow(loaded_ + inserts_);
}

void Workload::DrawKeys(uint64_t count, bool may_miss) {
  keys_.clear();
  for (uint64_t i = 0; i < count; ++i) {
    keys_.push_back(DrawMiss(may_miss) ? MissingKey(random_.Uniform(options_.keys))
                                       : KeyAt(chooser_.Next(random_)));
  }
}

void Workload::DrawNeighbours(uint64_t count, bool may_miss) {
  keys_.clear();
  const bool miss = DrawMiss(may_miss);
  const uint64_t choices = miss ? options_.keys : chooser_.keys();
  const uint64_t first = miss ? random_.Uniform(choices) : chooser_.Next(random_);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t index = (first + i) % choices;
    keys_.push_back(miss ? MissingKey(index) : KeyAt(index));
  }
}

bool Workload::DrawMiss(bool may_miss) {
  return may_miss && options_.hit_rate < 1 && random_.Fraction() >= options_.hit_rate;
}

uint64_t Workload::MissingKey(uint64_t index) const { return FirstMissing(options_) + index; }

uint64_t Workload::KeyAt(uint64_t index) const {
  if (index >= loaded_) return share_.InsertedKey(index - loaded_);
  return options_.own_keys_only ? share_.KeyAt(index) : index;
}

uint32_t Workload::Draw(const MillisRange& range) {
  if (range.min_ms == range.max_ms) return range.min_ms;
  return static_cast<uint32_t>(random_.Between(range.min_ms, range.max_ms));
}

LoadPhase::LoadPhase(const WorkloadOptions& options)
    : share_(Checked(options).share()),
      value_sizes_(options.value_sizes),
      random_(StreamSeed(options.seed, kLoadPhaseStreams + options.thread)) {}

bool LoadPhase::Next(Operation& operation) {
  if (done()) return false;
  key_ = share_.KeyAt(index_++);
  operation = {.kind = OpKind::kInsert,
               .keys = std::span(&key_, 1),
               .value_bytes = value_sizes_.Next(random_)};
  return true;
}

}  // namespace corelane::loadgen
