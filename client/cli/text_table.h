#ifndef TAILCAST_CLIENT_CLI_TEXT_TABLE_H_
#define TAILCAST_CLIENT_CLI_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace tailcast::cli {

// Lines of aligned columns, the first row being their headings; a column whose other cells all
// start with a digit or a sign is set to the right. No newline at the end.
std::string TextTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_TEXT_TABLE_H_
