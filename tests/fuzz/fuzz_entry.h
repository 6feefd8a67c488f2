#pragma once

// What a fuzz target defines: one function, called with one input, that returns 0 and CHECKs what
// must hold. libFuzzer calls it with inputs of its own making (meson option `fuzz`, with clang);
// the ordinary tests call it with those of the corpus.
//
//   CXX=clang++ meson setup build/fuzz -Dfuzz=true -Dallocator=system -Db_lundef=false
//       -Db_sanitize=address,undefined -Dcpp_args=-fsanitize=fuzzer-no-link
//   ninja -C build/fuzz tests/fuzz/resp_codec_fuzz
//   build/fuzz/tests/fuzz/resp_codec_fuzz -max_total_time=300 NEW tests/fuzz/corpus/resp_codec
//
// An input that breaks a target goes into the corpus as finding-*, together with the fix.

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
