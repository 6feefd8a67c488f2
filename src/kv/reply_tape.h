#pragma once

// ReplyTape: a reply written down, to be played later into another ReplyWriter. A request that
// another lane executes gets its answer on a tape; a command over several lanes gets one tape a
// lane and picks the elements it wants.
//
// Format (private to this file): per element one kind byte, then its fixed fields and bytes. A tape
// keeps its block when cleared, up to a bound. One thread at a time; handing it to another thread
// is the mailbox's business.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"

namespace corelane::kv {

class ReplyTape final : public ReplyWriter {
 public:
  void Ok() override;
  void Nil() override;
  void NilArray() override;
  void Integer(int64_t integer) override;
  void Boolean(bool boolean) override;
  void Double(double real) override;
  void Simple(std::string_view word) override;
  void Bulk(std::string_view bytes) override;
  void Value(const ValueView& value) override;
  void Array(size_t count) override;
  void Map(size_t pairs) override;
  void Set(size_t count) override;
  void Text(std::string_view text) override;
  void Error(StatusCode code, std::string_view message) override;

  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] size_t size_bytes() const { return bytes_.size(); }
  void Clear() { bytes_.Clear(); }

  // Reads a tape from front to back. The tape must outlive it and not change.
  class Reader {
   public:
    explicit Reader(const ReplyTape& tape) : rest_(tape.bytes_.view()) {}
    [[nodiscard]] bool done() const { return rest_.empty(); }
    // Plays the next whole element (with all that is nested in it).
    void PlayElement(ReplyWriter& out);
    // If the next element is an array, steps into it (its elements come next) and returns its
    // count; otherwise returns -1 and moves nothing.
    [[nodiscard]] int64_t EnterArray();
    // If the next element is an integer, takes it and returns true.
    [[nodiscard]] bool TakeInteger(int64_t& integer);
    // If the next element is a bulk string, takes it and returns true; `bytes` points into the
    // tape.
    [[nodiscard]] bool TakeBulk(std::string_view& bytes);
    // Takes the next element, which is a stored value or nil. The value points into the tape.
    [[nodiscard]] std::optional<ValueView> TakeValueOrNil();
    // True when the next element is an error.
    [[nodiscard]] bool AtError() const;

   private:
    std::string_view rest_;
  };

 private:
  void Put(char kind, std::string_view fixed, std::string_view bytes);

  base::Buffer bytes_;
};

}  // namespace corelane::kv
