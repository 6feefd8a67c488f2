// The HTML report as text: that it holds the documents it was made of and nothing that a document
// could smuggle in, and that what is no document is refused. tests/peers/html_report_test.py looks
// at it with a browser.

#include "bench/html_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace corelane::tools {
namespace {

using loadgen::Json;

constexpr std::string_view kDataBegin = "<script type=\"application/json\" id=\"data\">";

NamedDocument RunSaying(const std::string& command) {
  return {
      .name = "run.json",
      .json = {{"format", "corelane-bench run 1"}, {"command", command}, {"all", Json::object()}}};
}

// What stands between the script tags of the data.
std::string DataOf(const std::string& page) {
  const size_t begin = page.find(kDataBegin) + kDataBegin.size();
  return page.substr(begin, page.find("</script", begin) - begin);
}

size_t CountOf(std::string_view part, std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(HtmlReport, HoldsItsDocumentsInOrder) {
  const std::vector<NamedDocument> documents = {RunSaying("first"), RunSaying("second")};
  const Json data = Json::parse(DataOf(HtmlReport(documents)));
  ASSERT_EQ(data.size(), 2U);
  EXPECT_EQ(data[0]["name"], "run.json");
  EXPECT_EQ(data[0]["document"], documents[0].json);
  EXPECT_EQ(data[1]["document"]["command"], "second");
}

TEST(HtmlReport, NothingInADocumentEndsItsScript) {
  const std::string plain = HtmlReport(std::vector{RunSaying("")});
  for (const std::string command :
       {"</script><script>alert(1)</script>", "</SCRIPT >", "<!--<script>", "]]>", "a & b",
        "\xe2\x80\xa8 and \xe2\x80\xa9", "'\"\\\n\t"}) {
    const std::string page = HtmlReport(std::vector{RunSaying(command)});
    EXPECT_EQ(CountOf("<script", page), CountOf("<script", plain)) << command;
    EXPECT_EQ(CountOf("</script", page), CountOf("</script", plain)) << command;
    EXPECT_EQ(CountOf("<!--", page), CountOf("<!--", plain)) << command;
    const std::string data = DataOf(page);
    EXPECT_EQ(data.find_first_of("<>&"), std::string::npos) << command;
    for (const char c : data) EXPECT_GT(c, 0) << "beyond ASCII: " << command;
    EXPECT_EQ(Json::parse(data)[0]["document"]["command"], command);
  }
}

TEST(HtmlReport, BytesThatAreNoTextAreReplaced) {
  const Json data = Json::parse(DataOf(HtmlReport(std::vector{RunSaying("a\xff\xfe z")})));
  EXPECT_EQ(data[0]["document"]["command"], "a\xef\xbf\xbd\xef\xbf\xbd z");
}

TEST(HtmlReport, NeedsNothingButItself) {
  const std::string page = HtmlReport(std::vector{RunSaying("")});
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  for (const char* part :
       {"src=", "@import", "url(", "https://", "@STYLE@", "@SCRIPT@", "@DATA@"}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
}

TEST(ParseDocument, TakesEveryKind) {
  for (const auto& [kind, member] : {std::pair{"run", R"("all":{})"},
                                     {"sweep", R"("points":[])"},
                                     {"find-max", R"("steps":[])"},
                                     {"compare", R"("figures":[])"},
                                     {"repeat", R"("figures":[])"}}) {
    const std::string text =
        std::string(R"({"format":"corelane-bench )") + kind + R"( 1",)" + member + "}";
    EXPECT_TRUE(ParseDocument("a.json", text).ok()) << text;
  }
}

TEST(ParseDocument, SaysWhatIsWrong) {
  struct Case {
    std::string text;
    std::string why;
  };
  const Case cases[] = {
      {"", "a.json is no JSON"},
      {"{\"format\":", "a.json is no JSON"},
      {"[1]", "a.json is no JSON object"},
      {"{}", "does not say its \"format\""},
      {R"({"format":1})", "does not say its \"format\""},
      {R"({"format":"corelane-bench run 2","all":{}})", "\"corelane-bench run 2\", which this"},
      {R"({"format":"corelane-bench run 1"})", "has \"all\""},
      {R"({"format":"corelane-bench run 1","all":[]})", "has \"all\""},
      {R"({"format":"corelane-bench sweep 1","points":null})", "has \"points\""},
      {std::string(100'000, '['), "a.json is nested too deeply"},
      {R"({"format":"corelane-bench run 1","all":)" + std::string(100, '[') +
           std::string(100, ']') + "}",
       "a.json is nested too deeply"},
  };
  for (const Case& one : cases) {
    const Result<NamedDocument> document = ParseDocument("a.json", one.text);
    ASSERT_FALSE(document.ok()) << one.text.substr(0, 100);
    EXPECT_EQ(document.status().code(), StatusCode::kBadArgument);
    EXPECT_NE(document.status().message().find(one.why), std::string::npos)
        << document.status().message();
  }
}

}  // namespace
}  // namespace corelane::tools
