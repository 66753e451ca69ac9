#include "wire/http_websocket.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>

namespace glp::wire {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// As where a server is destroyed in the middle of things.
TEST(WebSocket, WhatHandlersKeepIsClosedWhenTheThreadEndsFirst) {
  std::shared_ptr<Socket> kept;
  {
    asio::io_context io;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket client(io), server(io);
    client.connect(acceptor.local_endpoint());
    acceptor.accept(server);
    auto transport = std::make_shared<Transport>(std::move(server), nullptr);
    Request request;
    request.wants_websocket = true;
    request.headers.emplace_back("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    std::optional<WebSocket> socket(
        std::in_place, transport.get(), transport, request, Params(),
        WebSocket::Options{60'000, 60'000},
        [&kept](std::shared_ptr<Socket> opened) { kept = std::move(opened); }, [] {});
    while (kept == nullptr) io.run_one();
    EXPECT_FALSE(kept->closed());
    EXPECT_TRUE(kept->Send("queued"));
    socket.reset();
  }
  EXPECT_TRUE(kept->closed());
  EXPECT_EQ(kept->waiting_bytes(), 0u);
  EXPECT_FALSE(kept->Send("to nobody"));
}

}  // namespace
}  // namespace glp::wire
