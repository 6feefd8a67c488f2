#pragma once

// ReplyWriter: how a command says its reply, without knowing the protocol. Each codec implements it
// and encodes straight into the output buffer; ReplyTape (kv/reply_tape.h) records a reply that has
// to cross to another lane first.
//
// A reply is exactly one element. Array(n) and Map(n) are one element together with the n (2n for a
// map) elements that follow, which may nest. The bytes passed in are copied or encoded before the
// call returns. One thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kv/value.h"

namespace corelane::kv {

class ReplyWriter {
 public:
  virtual ~ReplyWriter() = default;

  virtual void Ok() = 0;              // done; RESP +OK
  virtual void Nil() = 0;             // no such key, condition not met
  virtual void NilArray() { Nil(); }  // no such list: RESP2 writes *-1, others Nil
  virtual void Integer(int64_t integer) = 0;
  virtual void Boolean(bool boolean) = 0;          // RESP2 :1 and :0, RESP3 #t and #f
  virtual void Double(double real) = 0;            // RESP2 as a bulk string
  virtual void Simple(std::string_view word) = 0;  // a word of ours, no CR or LF: PONG
  virtual void Bulk(std::string_view bytes) = 0;   // any bytes
  virtual void Value(const ValueView& value) = 0;  // a stored value, with its type
  virtual void Array(size_t count) = 0;
  virtual void Map(size_t pairs) = 0;                       // RESP2: an array of 2 x pairs
  virtual void Set(size_t count) { Array(count); }          // RESP3 has a kind for it
  virtual void Text(std::string_view text) { Bulk(text); }  // for people; RESP3 has a kind for it
  // `message` is the whole text after the protocol's own prefix for `code` (RESP: "ERR ",
  // "WRONGTYPE ", ...).
  virtual void Error(StatusCode code, std::string_view message) = 0;

  // The code of the latest error since ForgetError(), for who counts them; kOk: there was none.
  [[nodiscard]] StatusCode noted_error() const { return noted_error_; }
  void ForgetError() { noted_error_ = StatusCode::kOk; }

 protected:
  // For Error() of the writers.
  void NoteError(StatusCode code) { noted_error_ = code; }

 private:
  StatusCode noted_error_ = StatusCode::kOk;
};

}  // namespace corelane::kv
