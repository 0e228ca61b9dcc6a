// How far a figure can be trusted.
#pragma once

#include <cstdint>
#include <string>

namespace margind::model {

/// verified: equal to the contract's view at that block. recomputed: no view was read at that block.
/// drift: our figure and the view differ. unknown: no figure.
enum class GradeKind : std::uint8_t { verified, recomputed, drift, unknown };
const char* to_string(GradeKind kind);

/// They ride beside the grade.
struct Qualifiers {
    bool single_source = false;
    bool unpinned = false;
    bool disputed = false;
    bool stale = false;
    friend bool operator==(const Qualifiers&, const Qualifiers&) = default;
};

/// `reason`: for drift "name: view V, ours O"; for unknown a short cause such as "reverted: …".
struct Grade {
    GradeKind kind = GradeKind::unknown;
    std::string reason;
    Qualifiers qualifiers;
    friend bool operator==(const Grade&, const Grade&) = default;
};

}  // namespace margind::model
