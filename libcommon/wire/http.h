// HTTP requests and answers as the handlers of a server see them, and the table that leads one to
// the other.
//
//   Router router;
//   router.Add("GET", "/ready", Lane::kControl, OpenGate(),
//              [](const Request&) { return TextResponse(200, "ready\n"); });
//
// Each route has a gate, which judges by the head who may ask, before a body is read. A handler
// gives a whole answer, or one in pieces (Response::more), or opens a WebSocket
// (Response::opened).
// Threads: a Router is const from any once it is filled.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"

namespace glp::wire {

using Params = std::vector<std::pair<std::string, std::string>>;

struct Request {
  bool wants_websocket = false;  // a well made upgrade of RFC 6455
  std::string method;
  std::string path;                   // decoded, without the query
  Params params;                      // of a form body, then of the URL; decoded
  Params headers;                     // as sent
  std::string body;                   // decompressed where Content-Encoding was gzip or deflate
  std::vector<std::string> captures;  // what stood for {…} in the path of the route
  std::string peer;                   // "127.0.0.1:40312"
  std::string tenant;                 // that the gate let in; "" where the route is of none
  std::string client_name;    // common name of the client's certificate where TLS asked for one
  double queued_seconds = 0;  // from its last byte until a thread of its lane took it
  // Counts what a push takes besides `body` until its handler returns; where it was refused memory,
  // the answer is 503 whatever the handler says. nullptr: nobody counts.
  MemoryClaim* memory = nullptr;
  // True once nobody waits for the answer: the client is gone or the server stops. May be empty.
  std::function<bool()> cancelled;

  // The first parameter of that name; nothing where there is none.
  std::optional<std::string_view> Param(std::string_view name) const;
  std::vector<std::string_view> AllParams(std::string_view name) const;
  // "" where there is none; letter case of `name` does not matter.
  std::string_view Header(std::string_view name) const;
};

// One end of an open WebSocket; text messages only. Safe from any thread.
class Socket {
 public:
  virtual ~Socket() = default;
  // Queues a message; false, and nothing is queued, where the client is gone or a close was asked
  // for.
  virtual bool Send(std::string text) = 0;
  // Bytes queued and not yet taken by the system: who sends decides what is too much.
  virtual size_t waiting_bytes() const = 0;
  virtual bool closed() const = 0;
  // Sends what is queued, then the close frame with a status of RFC 6455 and a reason of at most
  // 123 bytes.
  virtual void Close(int code, std::string_view reason) = 0;
};

struct Response {
  int status = 200;
  std::string content_type;  // "" where there is no body
  std::string body;
  Params headers;  // others
  // What follows `body`, a piece a call, until it gives false; "" pieces may come. Called on the
  // threads of the lane, one call at a time, when the client has taken what went before, so that an
  // answer of any length takes the memory of a piece. The request stays until the answer ends; see
  // its `cancelled` where a piece takes long. An error cuts the connection: the client sees an
  // answer that is not whole; before anything was sent it is answered with 500.
  std::function<Result<bool>(std::string* piece)> more = nullptr;
  // With status 101: the request becomes a WebSocket. Called once, on a thread of the lane, when it
  // is open; keeps the socket, but not the request, as long as it likes. The server answers pings
  // and sends its own, and passes over what the client says.
  std::function<void(std::shared_ptr<Socket>)> opened = nullptr;
};
Response TextResponse(int status, std::string text);
Response JsonResponse(std::string body);

using Handler = std::function<Response(const Request&)>;

// What a gate found.
struct Admission {
  std::string tenant;  // whose logs the request is about; "" where the route is of none
  Response refusal;    // status 200 where there is none
  bool ok() const { return refusal.status == 200; }
};

// Who may ask. Sees the request without its body and what would be in it. What is refused is
// answered at once, and the connection ends where a body follows.
struct Gate {
  // On the thread that moves bytes: takes microseconds, or gives nothing.
  std::function<std::optional<Admission>(const Request&)> quick;
  // Where `quick` gave nothing; on the thread of a GateQueue. May be empty where it never does.
  std::function<Admission(const Request&)> slow = nullptr;
};
Gate OpenGate();  // everybody may

// Which threads run a handler.
enum class Lane { kControl, kIngest, kQuery };
inline constexpr size_t kLanes = 3;

class Router {
 public:
  // `methods`: "GET" or "GET,POST"; HEAD comes with GET. A part of `path` in braces, as in
  // "/label/{name}/values", stands for any text without '/', not empty, and is captured.
  void Add(std::string_view methods, std::string_view path, Lane lane, Gate gate, Handler handler);

  struct Route {
    std::vector<std::string> methods;
    std::vector<std::string> parts;
    Lane lane;
    Gate gate;
    Handler handler;
  };
  struct Match {
    const Route* route = nullptr;
    std::string allow;  // where only the method is wrong: those of the path, "GET, POST"
    std::vector<std::string> captures;
  };
  // `path`: as sent, still encoded, without the query.
  Match Find(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

bool EqualIgnoringCase(std::string_view a, std::string_view b);
// %XX and, where `plus_is_blank`, '+'; what is not well encoded stays as it is.
std::string UrlDecode(std::string_view text, bool plus_is_blank);
// k=v&k=v, appended.
void ParseForm(std::string_view text, Params* params);
// "Bad Request" of 400; "" of a status that is not well known.
std::string_view ReasonPhrase(int status);
// True where the value of an Accept-Encoding header takes gzip.
bool AcceptsGzip(std::string_view accept_encoding);
// The media type of a Content-Type header in lower case, without parameters; "" where it is none.
std::string MediaType(std::string_view content_type);

}  // namespace glp::wire
