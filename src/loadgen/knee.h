#pragma once

// The knee of a throughput-latency curve: the rate up to which more throughput is worth what it
// costs in latency. It is where the power of the system, throughput over latency, is greatest
// (L. Kleinrock, "Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer
// Communications", 1979). The latency here is the p99, since tails are what bends first. Pure.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace corelane::loadgen {

struct CurvePoint {
  double per_s = 0;  // achieved
  double p99_us = 0;
  bool valid = false;  // a run that was saturated, limited by the generator or failing is no
                       // point, nor is one whose answers do not carry the p99
  bool generator_limited = false;
};

struct Knee {
  size_t index = 0;     // of the point
  std::string because;  // a sentence
};

// Points in the order of their rates. Nothing where fewer than three are valid.
[[nodiscard]] std::optional<Knee> FindKnee(std::span<const CurvePoint> points);

}  // namespace corelane::loadgen
