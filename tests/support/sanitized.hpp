// Whether this is compiled under a sanitizer: everything is several times slower then, and keeps memory that was freed.
#pragma once

namespace margind::tests {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace margind::tests
