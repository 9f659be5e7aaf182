#ifndef TAILCAST_CLIENT_CLI_REPORT_STYLE_H_
#define TAILCAST_CLIENT_CLI_REPORT_STYLE_H_

namespace tailcast::report {

// The page's style sheet: light and dark by the reader's preference, readable on a phone, in print,
// and without any file from outside.
extern const char kStyleSheet[];

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_STYLE_H_
