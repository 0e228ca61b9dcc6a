// Asking the contracts and decoding what they answer.
#pragma once

#include "adapters/evm/answers.hpp"

namespace margind::adapters::protocols::perp_v2 {

using evm::Answers;
using evm::view;

}  // namespace margind::adapters::protocols::perp_v2
