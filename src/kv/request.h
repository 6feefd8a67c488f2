#pragma once

// Request: one command as every protocol says it, before anybody knows what it means. A codec fills
// a RequestBatch from received bytes; the command table (shard/) gives the words their meaning.
//
// `command` is the word of the command table ("GET", "set": ASCII case does not matter), `args` are
// its arguments. A binary protocol puts the word that its opcode stands for. All views point into
// the received bytes (or into the codec, for words it spells out itself) and die with them; the
// views' array belongs to the batch.
//
// `spelled_by` tells a word that a codec spelled out from one that a client wrote: only a codec's
// may be one of the table's internal words (mc.set, cl.put), so a RESP client cannot say them.
//
// `tag` is the codec's own: it travels with the request and comes back when the reply is encoded
// (the native codec keeps its opcode there). Nobody else looks at it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace corelane::kv {

enum class SpelledBy : uint8_t { kCodec, kClient };

struct Request {
  std::string_view command;
  std::span<const std::string_view> args;
  uint32_t tag = 0;
  SpelledBy spelled_by = SpelledBy::kCodec;
};

// The requests of one decode call, in order. Reused from call to call so that decoding allocates
// nothing in the steady state. One thread.
class RequestBatch {
 public:
  void Clear() {
    requests_.clear();
    args_.clear();
  }

  [[nodiscard]] size_t size() const { return requests_.size(); }
  [[nodiscard]] bool empty() const { return requests_.empty(); }

  // Building: Arg() for each argument, then Finish() once for the request they belong to.
  void Arg(std::string_view arg) { args_.push_back(arg); }
  void Finish(std::string_view command, uint32_t tag, SpelledBy spelled_by = SpelledBy::kCodec) {
    requests_.push_back({command, args_.size(), tag, spelled_by});
  }
  // Forgets arguments that no Finish() followed.
  void DropUnfinished() { args_.resize(requests_.empty() ? 0 : requests_.back().args_end); }

  [[nodiscard]] Request operator[](size_t index) const {
    const Finished& finished = requests_[index];
    const size_t args_begin = index == 0 ? 0 : requests_[index - 1].args_end;
    return {finished.command, std::span(args_).subspan(args_begin, finished.args_end - args_begin),
            finished.tag, finished.spelled_by};
  }

 private:
  struct Finished {
    std::string_view command;
    size_t args_end;  // in args_
    uint32_t tag;
    SpelledBy spelled_by;
  };

  std::vector<Finished> requests_;
  std::vector<std::string_view> args_;
};

}  // namespace corelane::kv
