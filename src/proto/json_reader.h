#pragma once

// JsonReader: reads one whole JSON text from front to back, in place, as RFC 8259 has it and not a
// comma more. The caller asks for what it wants next; a first fault sticks, everything after it
// gives empty answers, and error() and error_at() say what and where it was.
//
//   JsonReader in(text, store);
//   for (std::string_view name; in.ReadMember(name);) in.Skip();   // behind in.EnterObject()
//   if (!in.ok()) ...
//
// A string without escapes stays where it is; one with escapes is spelled out into `store`, which
// has to live as long as the strings are used. Whoever makes the reader has bounded the depth of
// `text` (json_scanner.h). One thread.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace corelane::proto {

class JsonReader {
 public:
  enum class Kind : uint8_t { kNone, kObject, kArray, kString, kNumber, kBoolean, kNull };

  // How a number reads: without fraction and exponent it is an integer if it fits.
  struct Number {
    enum class Form : uint8_t { kInteger, kFloat, kTooLarge };
    Form form = Form::kTooLarge;
    int64_t integer = 0;  // kInteger
    double real = 0;      // kInteger and kFloat
  };

  JsonReader(std::string_view text, std::deque<std::string>& store) : text_(text), store_(store) {}

  // What the next value is; kNone at a fault.
  [[nodiscard]] Kind Peek();

  // Each of these takes the next value, or enters it. It is a fault when that is something else.
  void EnterObject() { Enter('{'); }
  void EnterArray() { Enter('['); }
  [[nodiscard]] std::string_view ReadString();
  [[nodiscard]] Number ReadNumber();
  [[nodiscard]] bool ReadBoolean();
  // Takes the next value, whatever it is.
  void Skip();

  // Goes to the next member of the object, or element of the array, that was entered last and not
  // left: its value comes next. False: there was none, or a fault; the object or array is left.
  [[nodiscard]] bool ReadMember(std::string_view& name);
  [[nodiscard]] bool NextElement() { return Next(']'); }

  [[nodiscard]] bool ok() const { return error_.empty(); }
  [[nodiscard]] std::string_view error() const { return error_; }
  // Counted from 0.
  [[nodiscard]] size_t error_at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

 private:
  void Fail(std::string_view error);
  void SkipBlanks();
  [[nodiscard]] char Look() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool Take(char expected);
  void Enter(char open);
  [[nodiscard]] bool Next(char close);
  [[nodiscard]] bool TakePlain();
  void TakeEscape(std::string& to);
  [[nodiscard]] uint32_t TakeHex4();
  void TakeDigits();
  void TakeWord(std::string_view word);

  const std::string_view text_;
  std::deque<std::string>& store_;
  size_t at_ = 0;
  bool entered_ = false;  // nothing was read since the last Enter()
  std::string_view error_;
};

}  // namespace corelane::proto
