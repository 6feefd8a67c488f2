// The wires against the server's half of each protocol: what one writes the other reads.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec_testing.h"
#include "kv/memcache.h"
#include "kv/reply.h"
#include "kv/session.h"
#include "loadgen/wire.h"
#include "proto/codec.h"
#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

using namespace std::string_literals;
using Words = std::vector<std::vector<std::string>>;
using Say = std::function<void(kv::ReplyWriter&)>;

// Options of a memcache request, as far as we set them; everything else as it is.
std::string Readable(const std::string& word) {
  if (word.size() != sizeof(kv::MemcacheOptions)) return word;
  const kv::MemcacheOptions options = kv::MemcacheOptions::From(word);
  std::string text = "(";
  if (options.mode != 0) text += options.mode;
  if (options.value) text += "v";
  if (options.quiet) text += "q";
  if (options.exptime != 0 || options.has_exptime) text += std::to_string(options.exptime);
  return text + ")";
}

// A wire and the codec of a server, connected.
class Conversation {
 public:
  Conversation(WireProtocol wire, proto::Protocol server)
      : wire_(MakeWire(wire)), codec_(proto::MakeCodec(server, {})) {
    session_.resp_version = wire == WireProtocol::kResp3 ? 3 : 2;
  }

  // The words of all requests that `ask` writes.
  Words Asks(const Ask& ask) {
    base::Buffer out;
    ask(*wire_, out);
    const proto::Seen seen = proto::DecodeInPieces(*codec_, out.view(), 0);
    EXPECT_EQ(seen.state, proto::DecodeState::kDone) << seen.error;
    tags_.clear();
    for (const proto::SeenRequest& request : seen.requests) tags_.push_back(request.tag);
    Words words = seen.words();
    for (auto& request : words) {
      for (std::string& word : request) word = Readable(word);
    }
    return words;
  }

  // What the wire makes of what the server says to the requests of the latest Asks(), one after the
  // other.
  std::string Answers(const std::vector<Say>& replies) {
    EXPECT_EQ(replies.size(), tags_.size());
    base::Buffer in;
    for (size_t i = 0; i < std::min(replies.size(), tags_.size()); ++i) {
      replies[i](codec_->BeginReply(tags_[i], session_, in));
      codec_->EndReply();
    }
    return Describe(FeedWire(*wire_, in.view(), 3));
  }

 private:
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<proto::Codec> codec_;
  kv::Session session_;
  std::vector<uint32_t> tags_;
};

void SayOk(kv::ReplyWriter& out) { out.Ok(); }
void SayNil(kv::ReplyWriter& out) { out.Nil(); }
void SayOne(kv::ReplyWriter& out) { out.Integer(1); }
void SayZero(kv::ReplyWriter& out) { out.Integer(0); }
void SayTwo(kv::ReplyWriter& out) { out.Integer(2); }
void SayValue(kv::ReplyWriter& out) { out.Value({.bytes = "hello"}); }
void SayNumber(kv::ReplyWriter& out) {
  const kv::ScalarBytes bytes(int64_t{-42});
  out.Value({.type = kv::ValueType::kInteger, .bytes = bytes.view()});
}
void SayFull(kv::ReplyWriter& out) { out.Error(StatusCode::kDiskFull, "disk full"); }
void SayMixed(kv::ReplyWriter& out) {
  out.Array(3);
  out.Value({.bytes = "x"});
  out.Nil();
  out.Value({.bytes = ""});
}
Say Word(std::string_view word) {
  return [word](kv::ReplyWriter& out) { out.Simple(word); };
}
// A list of key and value for each key that is there, as memcache has it.
Say Values(std::vector<std::string> values) {
  return [values](kv::ReplyWriter& out) {
    out.Array(values.size());
    for (const std::string& value : values) {
      if (value == "-") {
        out.Nil();
        continue;
      }
      out.Array(2);
      out.Bulk("k");
      out.Value({.bytes = value});
    }
  };
}
Say MetaWord(std::string_view word) {
  return [word](kv::ReplyWriter& out) {
    out.Array(1);
    out.Simple(word);
  };
}
void SayMetaValue(kv::ReplyWriter& out) {
  out.Array(4);
  out.Simple("VA");
  out.Integer(5);
  out.Bulk("");
  out.Value({.bytes = "hello"});
}
void SayMetaNothing(kv::ReplyWriter& out) { out.Array(0); }

TEST(WireRoundTrip, Resp) {
  for (const WireProtocol protocol : {WireProtocol::kResp2, WireProtocol::kResp3}) {
    Conversation with(protocol, proto::Protocol::kResp);
    EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
    EXPECT_EQ(with.Answers({SayValue}), "hit 1/0 hello");
    EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
    EXPECT_EQ(with.Answers({SayNumber}), "hit 1/0 -42");
    EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
    EXPECT_EQ(with.Answers({SayNil}), "miss 0/1");
    EXPECT_EQ(with.Asks(AskWrite), (Words{{"SET", "k", "value"}}));
    EXPECT_EQ(with.Answers({SayOk}), "ok");
    EXPECT_EQ(with.Asks(AskWriteWithTtl), (Words{{"SET", "k", "value", "PX", "1500"}}));
    EXPECT_EQ(with.Answers({SayFull}), "error MISCONF disk full");
    EXPECT_EQ(with.Asks(AskDelete), (Words{{"DEL", "k"}}));
    EXPECT_EQ(with.Answers({SayOne}), "ok");
    EXPECT_EQ(with.Asks(AskExpire), (Words{{"PEXPIRE", "k", "250"}}));
    EXPECT_EQ(with.Answers({SayZero}), "miss");
    EXPECT_EQ(with.Asks(AskReadMany), (Words{{"MGET", "a", "bb", "ccc"}}));
    EXPECT_EQ(with.Answers({SayMixed}), "hit 2/1");
    EXPECT_EQ(with.Asks(AskWriteMany), (Words{{"MSET", "a", "one", "bb", ""}}));
    EXPECT_EQ(with.Answers({SayOk}), "ok");
    EXPECT_EQ(with.Asks(AskRaw), (Words{{"INCRBY", "n", "5"}}));
    EXPECT_EQ(with.Answers({[](kv::ReplyWriter& out) { out.Double(1.5); }}), "ok");
  }
}

TEST(WireRoundTrip, Resp3Opens) {
  Conversation with(WireProtocol::kResp3, proto::Protocol::kResp);
  const Ask open = [](Wire& wire, base::Buffer& out) { EXPECT_EQ(wire.Open(out), 1u); };
  EXPECT_EQ(with.Asks(open), (Words{{"HELLO", "3"}}));
  const Say hello = [](kv::ReplyWriter& out) {
    out.Map(2);
    out.Bulk("server");
    out.Bulk("redis");
    out.Bulk("modules");
    out.Array(0);
  };
  EXPECT_EQ(with.Answers({hello}), "ok");
}

TEST(WireRoundTrip, Native) {
  Conversation with(WireProtocol::kNative, proto::Protocol::kNative);
  EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
  EXPECT_EQ(with.Answers({SayValue}), "hit 1/0 hello");
  EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
  EXPECT_EQ(with.Answers({SayNil}), "miss 0/1");
  EXPECT_EQ(with.Asks(AskWrite), (Words{{"SET", "k", "value"}}));
  EXPECT_EQ(with.Answers({SayOk}), "ok");
  EXPECT_EQ(with.Asks(AskWriteWithTtl),
            (Words{{"CL.PUT", "k", "\0"s, "\xdc\x05\0\0\0\0\0\0"s, "value"}}));
  EXPECT_EQ(with.Answers({SayFull}), "error disk full");
  EXPECT_EQ(with.Asks(AskDelete), (Words{{"DEL", "k"}}));
  EXPECT_EQ(with.Answers({SayZero}), "miss");
  EXPECT_EQ(with.Asks(AskExpire), (Words{{"CL.EXPIRE", "k", "\xfa\0\0\0\0\0\0\0"s}}));
  EXPECT_EQ(with.Answers({SayOne}), "ok");
  EXPECT_EQ(with.Asks(AskReadMany), (Words{{"MGET", "a", "bb", "ccc"}}));
  EXPECT_EQ(with.Answers({SayMixed}), "hit 2/1");
  EXPECT_EQ(with.Asks(AskWriteMany), (Words{{"CL.MPUT", "a", "one", "bb", ""}}));
  EXPECT_EQ(with.Answers({SayTwo}), "ok");
}

TEST(WireRoundTrip, MemcacheText) {
  Conversation with(WireProtocol::kMemcacheText, proto::Protocol::kMemcache);
  EXPECT_EQ(with.Asks(AskRead), (Words{{"mc.get", "k"}}));
  EXPECT_EQ(with.Answers({Values({"hello"})}), "hit 1/0 hello");
  EXPECT_EQ(with.Asks(AskRead), (Words{{"mc.get", "k"}}));
  EXPECT_EQ(with.Answers({Values({"-"})}), "miss 0/1");
  EXPECT_EQ(with.Asks(AskReadMany), (Words{{"mc.get", "a", "bb", "ccc"}}));
  EXPECT_EQ(with.Answers({Values({"x", "-", ""})}), "hit 2/1");
  EXPECT_EQ(with.Asks(AskWrite), (Words{{"mc.store", "k", "(S)", "value"}}));
  EXPECT_EQ(with.Answers({Word("STORED")}), "ok");
  EXPECT_EQ(with.Asks(AskWriteWithTtl), (Words{{"mc.store", "k", "(S2)", "value"}}));
  EXPECT_EQ(with.Answers({SayFull}), "error SERVER_ERROR disk full");
  EXPECT_EQ(with.Asks(AskDelete), (Words{{"mc.delete", "k"}}));
  EXPECT_EQ(with.Answers({Word("NOT_FOUND")}), "miss");
  EXPECT_EQ(with.Asks(AskExpire), (Words{{"mc.touch", "k", "(1)"}}));
  EXPECT_EQ(with.Answers({Word("TOUCHED")}), "ok");
}

TEST(WireRoundTrip, MemcacheMeta) {
  Conversation with(WireProtocol::kMemcacheMeta, proto::Protocol::kMemcache);
  EXPECT_EQ(with.Asks(AskRead), (Words{{"mc.mg", "k", "(v)", "v"}}));
  EXPECT_EQ(with.Answers({SayMetaValue}), "hit 1/0 hello");
  EXPECT_EQ(with.Asks(AskRead), (Words{{"mc.mg", "k", "(v)", "v"}}));
  EXPECT_EQ(with.Answers({MetaWord("EN")}), "miss 0/1");
  EXPECT_EQ(with.Asks(AskReadMany), (Words{{"mc.mg", "a", "(vq)", "v q"},
                                           {"mc.mg", "bb", "(vq)", "v q"},
                                           {"mc.mg", "ccc", "(vq)", "v q"},
                                           {"echo", "MN"}}));
  EXPECT_EQ(with.Answers({SayMetaValue, SayMetaNothing, SayMetaValue, Word("MN")}), "hit 2/1");
  EXPECT_EQ(with.Asks(AskWrite), (Words{{"mc.ms", "k", "(S)", "", "value"}}));
  EXPECT_EQ(with.Answers({MetaWord("HD")}), "ok");
  EXPECT_EQ(with.Asks(AskWriteWithTtl), (Words{{"mc.ms", "k", "(S2)", "T2", "value"}}));
  EXPECT_EQ(with.Answers({SayFull}), "error SERVER_ERROR disk full");
  EXPECT_EQ(with.Asks(AskWriteMany), (Words{{"mc.ms", "a", "(Sq)", "q", "one"},
                                            {"mc.ms", "bb", "(Sq)", "q", ""},
                                            {"echo", "MN"}}));
  EXPECT_EQ(with.Answers({SayMetaNothing, SayMetaNothing, Word("MN")}), "ok");
  EXPECT_EQ(with.Asks(AskDelete), (Words{{"mc.md", "k", "()", ""}}));
  EXPECT_EQ(with.Answers({MetaWord("NF")}), "miss");
  EXPECT_EQ(with.Asks(AskExpire), (Words{{"mc.mgw", "k", "(1)", "T1"}}));
  EXPECT_EQ(with.Answers({MetaWord("HD")}), "ok");
}

TEST(WireRoundTrip, Json) {
  Conversation with(WireProtocol::kJson, proto::Protocol::kJson);
  EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
  EXPECT_EQ(with.Answers({SayValue}), "hit 1/0 hello");
  EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
  EXPECT_EQ(with.Answers({SayNumber}), "hit 1/0 -42");
  EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
  EXPECT_EQ(with.Answers({SayNil}), "miss 0/1");
  EXPECT_EQ(with.Asks(AskWrite), (Words{{"SET", "k", "value"}}));
  EXPECT_EQ(with.Answers({SayOk}), "ok");
  EXPECT_EQ(with.Asks(AskWrite), (Words{{"SET", "k", "value"}}));
  EXPECT_EQ(with.Answers({SayFull}), "error disk full");
  EXPECT_EQ(with.Asks(AskDelete), (Words{{"DEL", "k"}}));
  EXPECT_EQ(with.Answers({SayOne}), "ok");
  EXPECT_EQ(with.Asks(AskDelete), (Words{{"DEL", "k"}}));
  EXPECT_EQ(with.Answers({SayZero}), "miss");
}

// Every byte that a value may hold goes there and comes back.
TEST(WireRoundTrip, AnyBytesOfAValue) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const Say say_all = [&](kv::ReplyWriter& out) { out.Value({.bytes = all}); };
  const Ask write_all = [&](Wire& wire, base::Buffer& out) { wire.Write("k", all, 0, out); };
  for (const WireProtocol protocol : {WireProtocol::kResp2, WireProtocol::kNative}) {
    const bool native = protocol == WireProtocol::kNative;
    Conversation with(protocol, native ? proto::Protocol::kNative : proto::Protocol::kResp);
    EXPECT_EQ(with.Asks(write_all), (Words{{"SET", "k", all}}));
    EXPECT_EQ(with.Answers({SayOk}), "ok");
    EXPECT_EQ(with.Asks(AskRead), (Words{{"GET", "k"}}));
    EXPECT_EQ(with.Answers({say_all}), "hit 1/0 " + all);
  }
  Conversation memcache(WireProtocol::kMemcacheText, proto::Protocol::kMemcache);
  EXPECT_EQ(memcache.Asks(write_all), (Words{{"mc.store", "k", "(S)", all}}));
  EXPECT_EQ(memcache.Answers({Word("STORED")}), "ok");
  EXPECT_EQ(memcache.Asks(AskRead), (Words{{"mc.get", "k"}}));
  EXPECT_EQ(memcache.Answers({Values({all})}), "hit 1/0 " + all);
  Conversation json(WireProtocol::kJson, proto::Protocol::kJson);
  EXPECT_EQ(json.Asks(write_all).at(0).back(), all);
  EXPECT_EQ(json.Answers({SayOk}), "ok");
  EXPECT_EQ(json.Asks(AskRead), (Words{{"GET", "k"}}));
  EXPECT_EQ(json.Answers({say_all}), "hit 1/0 " + all);
}

}  // namespace
}  // namespace corelane::loadgen
