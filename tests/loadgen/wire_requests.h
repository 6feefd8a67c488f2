#pragma once

// The requests that the tests of all wires ask, one of each kind, with a key of one byte where one
// will do. Pure functions.

#include <array>
#include <string_view>

#include "loadgen/wire.h"

namespace corelane::loadgen {

inline constexpr std::array<std::string_view, 3> kThreeKeys = {"a", "bb", "ccc"};
inline constexpr std::array<Wire::Pair, 2> kTwoPairs = {Wire::Pair{"a", "one"},
                                                        Wire::Pair{"bb", ""}};
inline constexpr std::string_view kRawCommand = "*3\r\n$6\r\nINCRBY\r\n$1\r\nn\r\n$1\r\n5\r\n";

inline void AskNothing(Wire& /*wire*/, base::Buffer& /*out*/) {}
inline void AskRead(Wire& wire, base::Buffer& out) { wire.Read("k", out); }
inline void AskReadMany(Wire& wire, base::Buffer& out) { wire.ReadMany(kThreeKeys, out); }
inline void AskWrite(Wire& wire, base::Buffer& out) { wire.Write("k", "value", 0, out); }
inline void AskWriteWithTtl(Wire& wire, base::Buffer& out) { wire.Write("k", "value", 1500, out); }
inline void AskWriteMany(Wire& wire, base::Buffer& out) { wire.WriteMany(kTwoPairs, out); }
inline void AskDelete(Wire& wire, base::Buffer& out) { wire.Delete("k", out); }
inline void AskExpire(Wire& wire, base::Buffer& out) { wire.Expire("k", 250, out); }
inline void AskRaw(Wire& wire, base::Buffer& out) { wire.Raw(kRawCommand, out); }

}  // namespace corelane::loadgen
