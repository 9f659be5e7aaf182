#ifndef TAILCAST_TESTS_CLIENT_LIBRARY_SILENT_LISTENER_H_
#define TAILCAST_TESTS_CLIENT_LIBRARY_SILENT_LISTENER_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace tailcast::client {

// A port of loopback that takes connections and never says a word.
class SilentListener {
 public:
  SilentListener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address_);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(bind(socket_, generic, size), 0);
    EXPECT_EQ(listen(socket_, /*backlog=*/16), 0);
    EXPECT_EQ(getsockname(socket_, generic, &size), 0);
  }
  ~SilentListener() { close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  std::string address() const { return absl::StrCat("127.0.0.1:", ntohs(address_.sin_port)); }

 private:
  const int socket_;
  sockaddr_in address_ = {};
};

}  // namespace tailcast::client

#endif  // TAILCAST_TESTS_CLIENT_LIBRARY_SILENT_LISTENER_H_
