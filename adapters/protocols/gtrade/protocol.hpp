// gTrade: what the build collects from this folder.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::gtrade {

Protocol protocol();

}  // namespace margind::adapters::protocols::gtrade
