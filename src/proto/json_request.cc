#include "proto/json_request.h"

#include <limits>
#include <string_view>

#include "proto/value_text.h"

namespace corelane::proto {
namespace {

using Kind = JsonReader::Kind;
using Number = JsonReader::Number;

// Reads a request. What does not fit is skipped, so that it is known whether the rest is JSON; the
// first thing that did not fit is what the answer names.
class RequestReader {
 public:
  RequestReader(JsonReader& in, std::deque<std::string>& store) : in_(in), store_(store) {}

  JsonRequest Read() {
    bool found = false;
    in_.EnterObject();
    for (std::string_view name; in_.ReadMember(name);) {
      const JsonTag tag = TagOf(name);
      if (found || tag == JsonTag::kUnknownRequest || in_.Peek() != Kind::kObject) {
        SkipAs(JsonTag::kUnknownRequest);
        continue;
      }
      found = true;
      request_.tag = tag;
      ReadArguments();
    }
    if (!found) Refuse(JsonTag::kUnknownRequest);
    if (refused_) request_.tag = refusal_;
    return request_;
  }

  bool ReadOneValue(kv::ValueView& value) {
    ReadValue();
    value = request_.value;
    return !refused_ && in_.ok();
  }

 private:
  static JsonTag TagOf(std::string_view name) {
    if (name == "Set") return JsonTag::kSet;
    if (name == "Get") return JsonTag::kGet;
    if (name == "Remove") return JsonTag::kRemove;
    return JsonTag::kUnknownRequest;
  }

  void Refuse(JsonTag why) {
    if (!refused_) refusal_ = why;
    refused_ = true;
  }

  void SkipAs(JsonTag why) {
    Refuse(why);
    in_.Skip();
  }

  void ReadArguments() {
    bool has_key = false;
    bool has_value = false;
    in_.EnterObject();
    for (std::string_view name; in_.ReadMember(name);) {
      const bool is_key = name == "key";
      if (!is_key && (name != "value" || request_.tag != JsonTag::kSet)) {
        SkipAs(JsonTag::kUnknownMember);
      } else if (is_key ? has_key : has_value) {
        SkipAs(JsonTag::kTwice);
      } else if (!is_key) {
        has_value = true;
        ReadValue();
      } else if (in_.Peek() == Kind::kString) {
        has_key = true;
        request_.key = in_.ReadString();
      } else {
        SkipAs(JsonTag::kNoKey);
      }
    }
    if (!has_key) Refuse(JsonTag::kNoKey);
    if (!has_value && request_.tag == JsonTag::kSet) Refuse(JsonTag::kNoValue);
  }

  void ReadValue() {
    switch (in_.Peek()) {
      case Kind::kString:
        return Store(kv::ValueType::kString, in_.ReadString());
      case Kind::kNumber: {
        const Number number = in_.ReadNumber();
        return number.form == Number::Form::kInteger ? StoreInteger(number) : StoreFloat(number);
      }
      case Kind::kBoolean:
        return StoreBoolean(in_.ReadBoolean());
      case Kind::kObject:
        return ReadTypedValue();
      default:
        return SkipAs(JsonTag::kBadValue);
    }
  }

  // An object with one member, which names the type.
  void ReadTypedValue() {
    std::string_view name;
    in_.EnterObject();
    if (!in_.ReadMember(name)) return Refuse(JsonTag::kBadValue);
    const Kind kind = in_.Peek();
    if (name == "String" && kind == Kind::kString) {
      Store(kv::ValueType::kString, in_.ReadString());
    } else if (name == "Integer" && kind == Kind::kNumber) {
      StoreInteger(in_.ReadNumber());
    } else if (name == "Float" && kind == Kind::kNumber) {
      StoreFloat(in_.ReadNumber());
    } else if (name == "Float" && kind == Kind::kString) {
      StoreFloatWord(in_.ReadString());
    } else if (name == "Boolean" && kind == Kind::kBoolean) {
      StoreBoolean(in_.ReadBoolean());
    } else if (name == "Binary" && kind == Kind::kArray) {
      ReadBinary();
    } else {
      SkipAs(JsonTag::kBadValue);
    }
    while (in_.ReadMember(name)) SkipAs(JsonTag::kBadValue);
  }

  void ReadBinary() {
    std::string& bytes = store_.emplace_back();
    in_.EnterArray();
    while (in_.NextElement()) {
      if (in_.Peek() != Kind::kNumber) {
        SkipAs(JsonTag::kBadValue);
        continue;
      }
      const Number number = in_.ReadNumber();
      const bool is_byte = number.form == Number::Form::kInteger && number.integer >= 0 &&
                           number.integer <= std::numeric_limits<uint8_t>::max();
      if (!is_byte) Refuse(JsonTag::kBadValue);
      bytes.push_back(static_cast<char>(number.integer));
    }
    Store(kv::ValueType::kBinary, bytes);
  }

  void Store(kv::ValueType type, std::string_view bytes) {
    request_.value.type = type;
    request_.value.bytes = bytes;
  }

  void StoreScalar(kv::ValueType type, const kv::ScalarBytes& scalar) {
    Store(type, store_.emplace_back(scalar.view()));
  }

  void StoreInteger(const Number& number) {
    if (number.form != Number::Form::kInteger) return Refuse(JsonTag::kNumberMisfit);
    StoreScalar(kv::ValueType::kInteger, kv::ScalarBytes(number.integer));
  }

  void StoreFloat(const Number& number) {
    if (number.form == Number::Form::kTooLarge) return Refuse(JsonTag::kNumberMisfit);
    StoreScalar(kv::ValueType::kFloat, kv::ScalarBytes(number.real));
  }

  // What JSON has no number for.
  void StoreFloatWord(std::string_view word) {
    double real = 0;
    if (!ParseFloat(word, real)) return Refuse(JsonTag::kBadValue);
    StoreScalar(kv::ValueType::kFloat, kv::ScalarBytes(real));
  }

  void StoreBoolean(bool boolean) {
    Store(kv::ValueType::kBoolean, boolean ? std::string_view("\1", 1) : std::string_view("\0", 1));
  }

  JsonReader& in_;
  std::deque<std::string>& store_;
  JsonRequest request_;
  bool refused_ = false;
  JsonTag refusal_ = JsonTag::kUnknownRequest;
};

}  // namespace

JsonRequest ReadJsonRequest(JsonReader& in, std::deque<std::string>& store) {
  return RequestReader(in, store).Read();
}

bool ReadJsonValue(JsonReader& in, std::deque<std::string>& store, kv::ValueView& value) {
  return RequestReader(in, store).ReadOneValue(value);
}

}  // namespace corelane::proto
