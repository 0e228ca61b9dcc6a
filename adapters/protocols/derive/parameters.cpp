// Names follow the contracts', in words.
#include "adapters/protocols/derive/parameters.hpp"

#include <array>

namespace margind::adapters::protocols::derive {

std::span<const StandardField> standard_fields() {
    using P = StandardParameters;
    static constexpr std::array fields{
        StandardField{"perp_maintenance", &P::perp_maintenance},
        StandardField{"perp_initial", &P::perp_initial},
        StandardField{"max_spot", &P::max_spot},
        StandardField{"min_spot", &P::min_spot},
        StandardField{"maintenance_call_spot", &P::maintenance_call_spot},
        StandardField{"maintenance_put_spot", &P::maintenance_put_spot},
        StandardField{"maintenance_put_mtm", &P::maintenance_put_mtm},
        StandardField{"unpaired_initial", &P::unpaired_initial},
        StandardField{"unpaired_maintenance", &P::unpaired_maintenance},
        StandardField{"maintenance_offset", &P::maintenance_offset},
        StandardField{"base_factor", &P::base_factor},
        StandardField{"base_initial_scale", &P::base_initial_scale},
        StandardField{"perp_confidence_threshold", &P::perp_confidence_threshold},
        StandardField{"option_confidence_threshold", &P::option_confidence_threshold},
        StandardField{"base_confidence_threshold", &P::base_confidence_threshold},
        StandardField{"confidence_factor", &P::confidence_factor},
    };
    return fields;
}

std::span<const PortfolioField> portfolio_fields() {
    using P = PortfolioParameters;
    static constexpr std::array fields{
        PortfolioField{"initial_factor", &P::initial_factor, true, true},
        PortfolioField{"maintenance_factor", &P::maintenance_factor, false, true},
        PortfolioField{"long_rate_multiple", &P::long_rate_multiple, true, true},
        PortfolioField{"long_rate_addition", &P::long_rate_addition, true, true},
        PortfolioField{"long_base_discount", &P::long_base_discount, true, true},
        PortfolioField{"short_rate_multiple", &P::short_rate_multiple, false, true},
        PortfolioField{"short_rate_addition", &P::short_rate_addition, false, true},
        PortfolioField{"short_base_discount", &P::short_base_discount, false, true},
        PortfolioField{"basis_spot_up", &P::basis_spot_up, true, true},
        PortfolioField{"basis_spot_down", &P::basis_spot_down, true, true},
        PortfolioField{"basis_addition", &P::basis_addition, true, true},
        PortfolioField{"basis_multiple", &P::basis_multiple, true, true},
        PortfolioField{"peg_loss_threshold", &P::peg_loss_threshold, true, true},
        PortfolioField{"peg_loss_factor", &P::peg_loss_factor, true, true},
        PortfolioField{"confidence_threshold", &P::confidence_threshold, true, true},
        PortfolioField{"confidence_margin", &P::confidence_margin, true, true},
        PortfolioField{"maintenance_perp", &P::maintenance_perp, true, true},
        PortfolioField{"initial_perp", &P::initial_perp, false, true},
        PortfolioField{"maintenance_option", &P::maintenance_option, true, true},
        PortfolioField{"initial_option", &P::initial_option, false, true},
        PortfolioField{"base_percent", &P::base_percent, true, false},
        PortfolioField{"vol_range_up", &P::vol_range_up, true, true},
        PortfolioField{"vol_range_down", &P::vol_range_down, true, true},
        PortfolioField{"short_term_power", &P::short_term_power, true, true},
        PortfolioField{"long_term_power", &P::long_term_power, true, true},
        PortfolioField{"min_vol_up_shock", &P::min_vol_up_shock, false, true},
        PortfolioField{"linear_base_cap", &P::linear_base_cap, false, true},
        PortfolioField{"absolute_base_cap", &P::absolute_base_cap, false, true},
        PortfolioField{"linear_base_slope", &P::linear_base_slope, false, true},
        PortfolioField{"absolute_base_slope", &P::absolute_base_slope, false, true},
        PortfolioField{"min_k_star", &P::min_k_star, false, true},
        PortfolioField{"width_scale", &P::width_scale, false, true},
        PortfolioField{"vol_static", &P::vol_static, false, true},
        PortfolioField{"vol_scale", &P::vol_scale, false, true},
    };
    return fields;
}

}  // namespace margind::adapters::protocols::derive
