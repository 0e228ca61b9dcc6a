// backtest_page.html as the build compiled it in.
#pragma once

#include <string_view>

namespace margind::daemon {

/// Holds "BACKTEST", in quotes, where the data go.
std::string_view backtest_page_text();

}  // namespace margind::daemon
