#pragma once

// The limits of corelane, in one place. Each is a compile-time constant with its unit in the name;
// what can be set at run time starts from the `...Default` value and may never pass the hard limit
// beside it.

#include <cstddef>
#include <cstdint>

namespace corelane {

// Keys. The hard limit is what the two length bytes of a stored entry can say.
inline constexpr size_t kKeyBytesDefault = 1024;
inline constexpr size_t kKeyBytesHardMax = 65535;

// Values. The hard limit keeps every frame of the log and every reply far inside 32-bit lengths.
inline constexpr size_t kValueBytesDefault = size_t{1} << 20;
inline constexpr size_t kValueBytesHardMax = size_t{512} << 20;

// Arguments of one request (MSET of half a million pairs fits), and the bytes of one request in
// all.
inline constexpr size_t kRequestArgsMax = size_t{1} << 20;

// Lanes of one server. Mailboxes grow with the square of this number.
inline constexpr uint32_t kLanesMax = 256;

// The port that clients try when none is given.
inline constexpr uint16_t kPortDefault = 7878;

static_assert(kKeyBytesDefault <= kKeyBytesHardMax);
static_assert(kValueBytesDefault <= kValueBytesHardMax);
static_assert(kValueBytesHardMax + kKeyBytesHardMax < (uint64_t{1} << 32));

}  // namespace corelane
