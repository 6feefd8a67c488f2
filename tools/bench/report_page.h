#pragma once

// The page of an HTML report but for its data, as report_page/make_page.py has put it together from
// the files beside it. Constants; any thread.

#include <string_view>

namespace corelane::tools {

// The data, a JSON text, stands between the two.
[[nodiscard]] std::string_view ReportPageBeforeData();
[[nodiscard]] std::string_view ReportPageAfterData();

}  // namespace corelane::tools
