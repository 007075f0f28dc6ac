package io.fairlead.config;

import io.fairlead.config.RouteAction.Database;
import io.fairlead.config.RouteAction.Redirect;
import io.fairlead.config.RouteAction.Respond;
import io.fairlead.config.RouteAction.Send;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The part of {@link Language} that speaks of requests: what a route matches, and what becomes of
 * what it matches. Read from the bottom: {@link #ROUTE} is the whole.
 */
final class RouteLanguage {
  /** Must be the name of a service. */
  static final Scalar<String> SERVICE_NAME = Scalar.text("name", null, _ -> null);

  static final Scalar<String> DATABASE_NAME = Scalar.text("name", null, _ -> null);

  private static final ListOf<Cidr> NETWORKS =
      new ListOf<>("networks", Scalar.parsed("network", Cidr::parse));

  // match

  private static final Key<List<String>> HOSTS =
      Key.of(
          "host",
          new ListOf<>(
              "hosts", Scalar.text("host", null, Syntax::normalHostPattern, Syntax::hostPattern)),
          List.of(),
          "any",
          "Any of these hosts; `*.shop.example` takes one or more labels in front. Where `protocol`"
              + " is `tls-passthrough`: the server name (SNI).",
          "[shop.example, \"*.shop.example\"]");
  private static final Key<List<String>> PATHS =
      Key.of(
          "path",
          new ListOf<>("paths", Scalar.text("path", "(/.*|.*\\$\\{.*)", Syntax::pathPattern)),
          List.of(),
          "any",
          "Any of these paths: exact, with `*` or `{name}` for one segment, or with `**` at the end"
              + " for any rest including none. Matched after normalisation. What stood in these"
              + " places is `$1`, `$2` … and `{name}` in rewrite and redirect.",
          "\"/api/{version}/**\"");
  private static final Key<List<String>> METHODS =
      Key.of(
          "method",
          new ListOf<>("methods", Scalar.text("method", Syntax.METHOD_PATTERN, Syntax::method)),
          List.of(),
          "any",
          "Any of these methods.",
          "[GET, HEAD]");
  private static final Key<Map<String, String>> MATCH_HEADERS =
      Key.of(
          "header",
          new MapOf<>(
              "values", MapOf.Names.HEADER, Scalar.text("value", null, RouteMatch::headerValue)),
          Map.of(),
          "any",
          "All of these headers with these values; `*` in a value stands for any characters,"
              + " `\"*\"`: the header must be there.",
          "{ x-beta: \"1\", user-agent: \"curl/*\" }");
  private static final Key<Map<String, String>> MATCH_QUERIES =
      Key.of(
          "query",
          new MapOf<>(
              "values",
              MapOf.Names.PARAMETER,
              Scalar.text("value", null, RouteMatch::parameterValue)),
          Map.of(),
          "any",
          "All of these parameters of the query with these values, `*` as above; names and values"
              + " are compared decoded.",
          "{ preview: \"*\" }");
  private static final Key<Map<String, String>> MATCH_COOKIES =
      Key.of(
          "cookie",
          new MapOf<>(
              "values", MapOf.Names.COOKIE, Scalar.text("value", null, RouteMatch::headerValue)),
          Map.of(),
          "any",
          "All of these cookies with these values, `*` as above.",
          "{ group: \"b\" }");
  private static final Key<List<Cidr>> MATCH_CLIENTS =
      Key.of(
          "client",
          NETWORKS,
          List.of(),
          "any",
          "Any of these networks, by the client's address; behind trusted proxies the one they tell"
              + " (`forwarded.trust`).",
          "[\"10.0.0.0/8\", \"fd00::/8\"]");

  private static final Key<List<String>> ALPN =
      Key.of(
          "alpn",
          new ListOf<>("protocols", Scalar.text("protocol", null, _ -> null)),
          List.of(),
          "any",
          "Any of these application protocols is offered; where `protocol` is `tls-passthrough`.",
          "[acme-tls/1]");

  static final Obj<RouteMatch> MATCH =
      new Obj<>(
          "match",
          "What a request must look like; every part that is given has to match. Of a repeated"
              + " field, parameter or cookie the first counts.",
          List.of(
              HOSTS,
              PATHS,
              METHODS,
              MATCH_HEADERS,
              MATCH_QUERIES,
              MATCH_COOKIES,
              MATCH_CLIENTS,
              ALPN),
          List.of(),
          null,
          (values, _) ->
              new RouteMatch(
                  values.get(HOSTS),
                  values.get(PATHS),
                  values.get(METHODS),
                  values.get(MATCH_HEADERS),
                  values.get(MATCH_QUERIES),
                  values.get(MATCH_COOKIES),
                  values.get(MATCH_CLIENTS),
                  values.get(ALPN)));

  // actions

  private static final Key<String> REWRITE_PATH =
      Key.computed(
          "path",
          Scalar.text("path", null, Rewrite::path),
          "as it came",
          "The path that nodes get, with `$1`, `{name}`, `{host}` and `{path}`; normalised again."
              + " The query stays.",
          "\"/v2/$1\"");
  private static final Key<String> REWRITE_HOST =
      Key.computed(
          "host",
          Scalar.text("host", null, Syntax::probeHost),
          "as it came",
          "The Host field that nodes get.",
          "shop.internal");

  static final Obj<Rewrite> REWRITE =
      new Obj<>(
          "rewrite",
          "What nodes get instead of what the client asked for.",
          List.of(REWRITE_PATH, REWRITE_HOST),
          List.of(),
          null,
          (values, _) ->
              new Rewrite(or(values.find(REWRITE_PATH), ""), or(values.find(REWRITE_HOST), "")));

  private static final Scalar<String> TARGET = Scalar.text("target", null, Redirect::to);
  private static final Key<String> REDIRECT_TO =
      Key.required(
          "to",
          TARGET,
          "Where to: a path, or `https://HOST/...`, with `$1`, `{name}`, `{host}` and `{path}`. The"
              + " query is kept unless this has one.",
          "\"https://{host}{path}\"");
  private static final Key<Integer> REDIRECT_STATUS =
      Key.of(
          "status",
          Scalar.count(Range.counts(301, 308)),
          Redirect.DEFAULT_STATUS,
          "301 and 308 for good, 302, 303 and 307 for now; 307 and 308 keep the method.",
          "308");

  static final Obj<Redirect> REDIRECT =
      new Obj<>(
          "redirect",
          "Sends the client elsewhere. A target alone stands for `to`.",
          List.of(REDIRECT_TO, REDIRECT_STATUS),
          List.of(),
          new Obj.ShortForm<>(TARGET, (to, _) -> new Redirect(to, Redirect.DEFAULT_STATUS)),
          (values, _) -> new Redirect(values.get(REDIRECT_TO), values.get(REDIRECT_STATUS)));

  private static final Scalar<Content> FILE =
      new Scalar<>(
          "file",
          "",
          Map.of("type", "string"),
          false,
          (text, folder) -> {
            if (text.isEmpty() || text.indexOf('\0') >= 0) {
              throw Require.refusal("must be a path");
            }
            return Content.read(folder.resolve(text).normalize());
          });
  private static final Key<Integer> RESPOND_STATUS =
      Key.of("status", Scalar.count(Respond.STATUSES), 200, "The status of the answer.", "503");
  private static final Key<String> RESPOND_BODY =
      Key.computed(
          "body",
          Scalar.text("text", null, _ -> null),
          "empty",
          "The body, as text.",
          "\"back soon\"");
  private static final Key<Content> RESPOND_FILE =
      Key.computed(
          "file",
          FILE,
          "none",
          "A file that is the body, at most "
              + Units.size(Content.MAX_BYTES)
              + ", read together with the configuration; instead of `body`.",
          "pages/maintenance.html");
  private static final Key<String> RESPOND_TYPE =
      Key.computed(
          "content-type",
          Scalar.text("media type", null, Syntax::headerValue),
          "text, or by the file's ending",
          "What the body is.",
          "application/json");

  static final Obj<Respond> RESPOND =
      new Obj<>(
          "respond",
          "Fairlead answers itself. A status alone stands for an answer without body.",
          List.of(RESPOND_STATUS, RESPOND_BODY, RESPOND_FILE, RESPOND_TYPE),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.count(Respond.STATUSES), (status, _) -> new Respond(status, Content.NONE)),
          (values, _) -> new Respond(values.get(RESPOND_STATUS), content(values)));

  private static final Key<List<String>> REMOVE =
      Key.of(
          "remove",
          new ListOf<>(
              "names",
              Scalar.text(
                  "name",
                  null,
                  text -> text.toLowerCase(java.util.Locale.ROOT),
                  HeaderEdits::name)),
          List.of(),
          "none",
          "Fields that do not go on.",
          "[server, x-powered-by]");
  private static final Scalar<String> FIELD_VALUE = Scalar.text("value", null, HeaderEdits::value);
  private static final Key<Map<String, String>> SET =
      Key.of(
          "set",
          new MapOf<>("values", MapOf.Names.EDITED, FIELD_VALUE),
          Map.of(),
          "none",
          "Fields that go on with this value and no other. Values may name `$client-ip`, `$host`,"
              + " `$method`, `$path`, `$request-id`, `$route` and `$scheme`.",
          "{ x-client: \"$client-ip\" }");
  private static final Key<Map<String, List<String>>> ADD =
      Key.of(
          "add",
          new MapOf<>("values", MapOf.Names.EDITED, new ListOf<>("values", FIELD_VALUE)),
          Map.of(),
          "none",
          "Fields that go on beside those of the same name.",
          "{ vary: [accept, origin] }");

  static final Obj<HeaderEdits> EDITS =
      new Obj<>(
          "edits",
          "Changes to the fields of a message: first removed, then set, then added. What decides"
              + " where a message ends or how it travels cannot be edited.",
          List.of(REMOVE, SET, ADD),
          List.of(),
          null,
          (values, _) -> new HeaderEdits(values.get(REMOVE), values.get(SET), values.get(ADD)));

  /** Both directions. */
  record Edits(HeaderEdits request, HeaderEdits response) {
    static final Edits NONE = new Edits(HeaderEdits.NONE, HeaderEdits.NONE);
  }

  private static final Key<HeaderEdits> REQUEST_EDITS =
      Key.of(
          "request",
          EDITS,
          HeaderEdits.NONE,
          "none",
          "What nodes get.",
          "{ set: { x-client: \"$client-ip\" } }");
  private static final Key<HeaderEdits> RESPONSE_EDITS =
      Key.of(
          "response",
          EDITS,
          HeaderEdits.NONE,
          "none",
          "What clients get, from nodes and from Fairlead.",
          "{ remove: server }");

  static final Obj<Edits> HEADERS =
      new Obj<>(
          "headers",
          "Changes to header fields.",
          List.of(REQUEST_EDITS, RESPONSE_EDITS),
          List.of(),
          null,
          (values, _) -> new Edits(values.get(REQUEST_EDITS), values.get(RESPONSE_EDITS)));

  // limits

  private static final Scalar<Duration> TIME = Scalar.duration(RouteTimeouts.RANGE);
  private static final Key<Duration> CONNECT =
      Key.computed(
          "connect",
          Scalar.duration(UpstreamConfig.CONNECT_TIMEOUT),
          "upstream.connect-timeout",
          "For one connection to a node to be established.",
          "200ms");
  private static final Key<Duration> TRY =
      Key.computed(
          "try",
          TIME,
          "none",
          "From a request's way to one node until the head of its answer; then `retry` says whether"
              + " another is tried.",
          "2s");
  private static final Key<Duration> REQUEST_BODY =
      Key.computed(
          "request-body",
          TIME,
          "none",
          "From the end of the request's head to the end of its body, however steadily bytes"
              + " arrive.",
          "30s");
  private static final Key<Duration> IDLE =
      Key.computed(
          "idle",
          TIME,
          "limits.idle-timeout",
          "Without any byte of a body or tunnel in either direction.",
          "5m");
  private static final Key<Duration> TOTAL =
      Key.computed(
          "total",
          TIME,
          "none",
          "From the end of the request's head to the last byte of the answer; a long download is"
              + " cut, a tunnel is not.",
          "1m");

  static final Obj<RouteTimeouts> TIMEOUTS =
      new Obj<>(
          "timeouts",
          "Further limits on time, besides `timeout`, which is for the head of the answer.",
          List.of(CONNECT, TRY, REQUEST_BODY, IDLE, TOTAL),
          List.of(),
          null,
          (values, _) ->
              new RouteTimeouts(
                  or(values.find(CONNECT), Duration.ZERO),
                  or(values.find(TRY), Duration.ZERO),
                  or(values.find(REQUEST_BODY), Duration.ZERO),
                  or(values.find(IDLE), Duration.ZERO),
                  or(values.find(TOTAL), Duration.ZERO)));

  // retry

  private static final Scalar<Integer> PERCENT =
      new Scalar<>(
          "percent",
          "0% to 100%",
          Scalar.ordered("type", "string", "pattern", "^[0-9]{1,3}%$"),
          false,
          (text, _) -> percent(text));

  private static int percent(String text) {
    int value = text.matches("[0-9]{1,3}%") ? Integer.parseInt(text.replace("%", "")) : -1;
    if (value < 0 || value > 100) {
      throw Require.refusal("must be a percentage from 0% to 100%, such as 20%");
    }
    return value;
  }

  private static final Key<Integer> BUDGET_SHARE =
      Key.of(
          "share",
          PERCENT,
          RetryBudgetConfig.DEFAULT_SHARE,
          RetryBudgetConfig.DEFAULT_SHARE + "%",
          "Of the requests that came to the service in the last ten seconds.",
          "10%");
  private static final Key<Integer> BUDGET_PER_SECOND =
      Key.of(
          "per-second",
          Scalar.count(RetryBudgetConfig.PER_SECOND),
          RetryBudgetConfig.DEFAULT_PER_SECOND,
          "So many beside, for each second of the ten.",
          "0");

  static final Obj<RetryBudgetConfig> RETRY_BUDGET =
      new Obj<>(
          "retry-budget",
          "How many requests of a service may be repeated, so that second tries cannot keep down what"
              + " has failed. A share alone stands for `share`.",
          List.of(BUDGET_SHARE, BUDGET_PER_SECOND),
          List.of(),
          new Obj.ShortForm<>(
              PERCENT,
              (share, _) -> new RetryBudgetConfig(share, RetryBudgetConfig.DEFAULT_PER_SECOND)),
          (values, _) ->
              new RetryBudgetConfig(values.get(BUDGET_SHARE), values.get(BUDGET_PER_SECOND)));

  private static final Scalar<HedgeConfig.After> AFTER =
      new Scalar<>(
          "duration or percentile",
          "1ms to 1m, p50 to p99",
          Scalar.ordered(
              "type", "string", "pattern", "^(p[0-9]{2}|" + Units.DURATION_PATTERN + ")$"),
          false,
          (text, _) -> HedgeConfig.After.parse(text));
  private static final Key<HedgeConfig.After> HEDGE_AFTER =
      Key.required(
          "after",
          AFTER,
          "How long the first node has. `p95`: as long as 95 of 100 requests of the service took in"
              + " the last ten seconds, or longer where `budget` does not pay for so many: with 3% as"
              + " long as 97 of 100; nothing is hedged before there have been 100.",
          "p95");
  private static final Key<Integer> HEDGE_BUDGET =
      Key.of(
          "budget",
          PERCENT,
          HedgeConfig.DEFAULT_BUDGET,
          HedgeConfig.DEFAULT_BUDGET + "%",
          "Of the requests that could be hedged in the last ten seconds; at least 1%.",
          "5%");

  static final Obj<HedgeConfig> HEDGE =
      new Obj<>(
          "hedge",
          "Asks a second node when the first is slow, once, for GET and HEAD without a body: the"
              + " first answer counts, the other request is cancelled.",
          List.of(HEDGE_AFTER, HEDGE_BUDGET),
          List.of(),
          null,
          (values, _) -> {
            HedgeConfig.After after = values.get(HEDGE_AFTER);
            return new HedgeConfig(after.percentile(), after.time(), values.get(HEDGE_BUDGET));
          });

  private static final Key<Integer> ATTEMPTS =
      Key.of(
          "attempts",
          Scalar.count(RetryConfig.ATTEMPTS),
          RetryConfig.DEFAULT_ATTEMPTS,
          "Tries after the first; 0: none.",
          "2");
  private static final Key<List<RetryOn>> RETRY_ON =
      Key.of(
          "on",
          new ListOf<>("reasons", Scalar.parsed("reason", RetryOn::parse)),
          RetryConfig.DEFAULT_ON,
          "[connect, refused, reset, timeout]",
          "What has to go wrong: `connect` no connection to a node; `refused` it said that it did"
              + " nothing (HTTP/2); `reset` it broke off before an answer; `timeout` no answer in"
              + " the time of a try; `bad-response` what it answered is not HTTP; a status such as"
              + " `503`, `502-504` or `5xx`.",
          "[connect, reset, \"503\"]");
  private static final Key<List<String>> RETRY_METHODS =
      Key.of(
          "methods",
          new ListOf<>("methods", Scalar.text("method", Syntax.METHOD_PATTERN, Syntax::method)),
          RetryConfig.IDEMPOTENT,
          "[GET, HEAD, PUT, DELETE, OPTIONS, TRACE]",
          "What may happen twice. Requests of other methods are repeated only if no node can have"
              + " acted on them: `connect` and `refused`.",
          "[GET, HEAD, POST]");
  private static final Key<Duration> PER_TRY =
      Key.computed(
          "per-try-timeout",
          Scalar.duration(RouteTimeouts.RANGE),
          "timeouts.try",
          "From a request's way to one node until the head of its answer; never longer than what is"
              + " left of the route's `timeout`.",
          "2s");
  private static final Key<Integer> RETRY_BODY_BYTES =
      Key.of(
          "body-bytes",
          Scalar.intSize(RetryConfig.BODY_BYTES),
          RetryConfig.DEFAULT_BODY_BYTES,
          Units.size(RetryConfig.DEFAULT_BODY_BYTES),
          "Bytes of a request's body that are kept until the answer begins, so that it can be sent"
              + " again; a request with a longer body is repeated only before a node got any of it.",
          "256KiB");
  private static final Key<RetryBudgetConfig> BUDGET =
      Key.of(
          "budget",
          RETRY_BUDGET,
          RetryBudgetConfig.DEFAULT,
          "20% and 10 a second",
          "How many requests may be repeated.",
          "{ share: 10%, per-second: 5 }");
  private static final Key<HedgeConfig> RETRY_HEDGE =
      Key.of(
          "hedge",
          HEDGE,
          HedgeConfig.NONE,
          "none",
          "A second try before the first has failed.",
          "{ after: p95, budget: 3% }");

  static final Obj<RetryConfig> RETRY =
      new Obj<>(
          "retry",
          "When a request is tried again, always at another node while there is one. Nothing is"
              + " repeated once a byte of an answer has gone to the client.",
          List.of(
              ATTEMPTS, RETRY_ON, RETRY_METHODS, PER_TRY, RETRY_BODY_BYTES, BUDGET, RETRY_HEDGE),
          List.of(),
          null,
          (values, _) ->
              new RetryConfig(
                  values.get(ATTEMPTS),
                  values.get(RETRY_ON),
                  values.get(RETRY_METHODS),
                  or(values.find(PER_TRY), Duration.ZERO),
                  values.get(RETRY_BODY_BYTES),
                  values.get(BUDGET),
                  values.get(RETRY_HEDGE)));

  private static final Key<Duration> WEBSOCKET_IDLE =
      Key.computed(
          "idle-timeout",
          Scalar.duration(WebSocketConfig.IDLE_TIMEOUT),
          "none with ping-interval, else timeouts.idle",
          "Without a byte in either direction; pings of Fairlead's own do not count. Then both ends"
              + " get a close frame (1001).",
          "5m");
  private static final Key<Duration> PING_INTERVAL =
      Key.computed(
          "ping-interval",
          Scalar.duration(WebSocketConfig.PING_INTERVAL),
          "none",
          "An end that has been silent for so long gets a ping; if it then says nothing at all for"
              + " as long again, the WebSocket is closed: 1001 to that end, 1011 to the other.",
          "30s");
  private static final Key<WebSocketConfig.Ping> PING =
      Key.of(
          "ping",
          Scalar.word(WebSocketConfig.Ping.class),
          WebSocketConfig.DEFAULT.ping(),
          "Who gets pings.",
          "client");
  private static final Key<Duration> DRAIN_GRACE =
      Key.of(
          "drain-grace",
          Scalar.duration(WebSocketConfig.DRAIN_GRACE),
          WebSocketConfig.DEFAULT.drainGrace(),
          "When the listener, the instance or the node drains, a WebSocket goes on for so long, and"
              + " then both ends get a close frame (1001). A drain of a listener or the instance"
              + " cuts what is left after 30 s.",
          "10s");
  private static final Key<Duration> CLOSE_TIMEOUT =
      Key.of(
          "close-timeout",
          Scalar.duration(WebSocketConfig.CLOSE_TIMEOUT),
          WebSocketConfig.DEFAULT.closeTimeout(),
          "From Fairlead's close frames until the ends must have closed; then it is cut.",
          "2s");

  static final Obj<WebSocketConfig> WEBSOCKET =
      new Obj<>(
          "websocket",
          "How long WebSockets may last, over HTTP/1.1 and HTTP/2.",
          List.of(WEBSOCKET_IDLE, PING_INTERVAL, PING, DRAIN_GRACE, CLOSE_TIMEOUT),
          List.of(),
          null,
          (values, _) ->
              new WebSocketConfig(
                  or(values.find(WEBSOCKET_IDLE), Duration.ZERO),
                  or(values.find(PING_INTERVAL), Duration.ZERO),
                  values.get(PING),
                  values.get(DRAIN_GRACE),
                  values.get(CLOSE_TIMEOUT)));

  private static final Key<String> LIMIT_NAME =
      Key.computed(
          "name",
          Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name),
          "what key says",
          "What clients are told it is called; unique in its route.",
          "per-minute");
  private static final Key<RateLimitConfig.Key> LIMIT_KEY =
      Key.required(
          "key",
          Scalar.parsed("key", RateLimitConfig.Key::parse),
          "Whose requests are counted together: `client-ip` (IPv6: its /64), `header:NAME` (those"
              + " without it together) or `route`.",
          "client-ip");
  private static final Key<Rate> RATE = Key.required("rate", rate(), "Let in on average.", "100/s");
  private static final Key<Integer> BURST =
      Key.computed(
          "burst",
          Scalar.count(RateLimitConfig.BURST),
          "the number of rate",
          "Let in at once after a pause.",
          "200");
  private static final Key<Integer> LIMIT_KEYS =
      Key.of(
          "keys",
          Scalar.count(RateLimitConfig.KEYS),
          RateLimitConfig.DEFAULT_KEYS,
          "Keys counted apart at the same time, up to 37 bytes each; beyond that those that used"
              + " least of their rate are forgotten first. All limits of a file together have at"
              + " most "
              + RateLimitConfig.MAX_KEYS_OF_FILE
              + ".",
          "100000");

  private static final Key<Boolean> LIMIT_SHARED =
      Key.of(
          "shared",
          Scalar.flag(),
          true,
          "Whether all instances of a group count together; else each lets in the whole rate. Without"
              + " `group` it means nothing.",
          "false");

  static final Obj<RateLimitConfig> RATE_LIMIT =
      new Obj<>(
          "rate-limit",
          "How many requests are let in; others are answered with 429, `retry-after`, `ratelimit`"
              + " and `ratelimit-policy`.",
          List.of(LIMIT_NAME, LIMIT_KEY, RATE, BURST, LIMIT_KEYS, LIMIT_SHARED),
          List.of(),
          null,
          (values, _) ->
              new RateLimitConfig(
                  or(values.find(LIMIT_NAME), name(values.get(LIMIT_KEY))),
                  values.get(LIMIT_KEY),
                  values.get(RATE),
                  or(values.find(BURST), values.get(RATE).count()),
                  values.get(LIMIT_KEYS),
                  values.get(LIMIT_SHARED)));

  private static final Key<Long> ROUTE_BODY_BYTES =
      Key.computed(
          "body-bytes",
          Scalar.size(HttpLimits.BODY_BYTES),
          "what the listener says",
          "Bytes of one request body.",
          "100MiB");

  static final Obj<Long> ROUTE_LIMITS =
      new Obj<>(
          "route-limits",
          "Bounds that differ from those of the listener.",
          List.of(ROUTE_BODY_BYTES),
          List.of(),
          null,
          (values, _) -> or(values.find(ROUTE_BODY_BYTES), RouteConfig.AS_LISTENER));

  /** Also of a listener. */
  static final Key<List<Cidr>> ALLOW =
      Key.of(
          "allow",
          NETWORKS,
          List.of(),
          "everybody",
          "Only clients of these networks; others are answered with 403. The client's address"
              + " counts, behind trusted proxies the one they tell (`forwarded.trust`).",
          "[\"10.0.0.0/8\", \"fd00::/8\"]");

  /** Also of a listener. */
  static final Key<List<Cidr>> DENY =
      Key.of(
          "deny",
          NETWORKS,
          List.of(),
          "nobody",
          "Never clients of these networks, whatever `allow` says.",
          "\"192.0.2.0/24\"");

  /** Also of a listener. */
  static final Key<Map<String, Content>> ERRORS =
      Key.of(
          "errors",
          new MapOf<>("files", MapOf.Names.STATUS, FILE),
          Map.of(),
          "a line of text",
          "Files that are the bodies of Fairlead's own error answers, by status (`404`) or class"
              + " (`5xx`), at most "
              + Units.size(Content.MAX_BYTES)
              + " each, read together with the configuration; those of a route come first.",
          "{ 404: pages/404.html, 5xx: pages/sorry.html }");

  // route

  private static final Key<String> ROUTE_NAME =
      Key.computed(
          "name",
          Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name),
          "LISTENER-N",
          "Metric label; unique in its listener.",
          "api");
  private static final Key<RouteMatch> ROUTE_MATCH =
      Key.of(
          "match",
          MATCH,
          RouteMatch.ANY,
          "every request",
          "What a request must look like.",
          "{ host: shop.example, path: \"/api/**\" }");
  private static final Key<Integer> PRIORITY =
      Key.of(
          "priority",
          Scalar.integer(RouteConfig.PRIORITY),
          0,
          "Routes with a higher one are tried first; among equals the first in the file.",
          "10");
  private static final Key<String> ROUTE_SERVICE =
      Key.computed(
          "service",
          SERVICE_NAME,
          "none",
          "Who gets the request. A route has this, `split`, `database`, `redirect` or `respond`.",
          "shop");
  private static final Key<Map<String, Integer>> SPLIT =
      Key.computed(
          "split",
          new MapOf<>("weights", MapOf.Names.SERVICE, Scalar.count(Send.WEIGHTS)),
          "none",
          "Several services, each getting requests by chance as often as its weight says.",
          "{ shop: 95, shop-next: 5 }");
  private static final Key<String> ROUTE_DATABASE =
      Key.computed(
          "database",
          DATABASE_NAME,
          "none",
          "The database whose members get the connection, where `protocol` is `tcp`.",
          "orders");
  private static final Key<DatabaseUse> ROUTE_FOR =
      Key.of(
          "for",
          Scalar.word(DatabaseUse.class),
          DatabaseUse.READ_WRITE,
          "What connections to the `database` are for: `read-write` ones go to its primary,"
              + " `read-only` ones to replicas.",
          "read-only");
  private static final Key<String> ROUTE_KEY =
      Key.computed(
          "key",
          Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name),
          "the client's address",
          "What connections that write have in common, where `writers` of the `database` is"
              + " `affinity`: all with the same key go to the same member.",
          "tenant-a");
  private static final Key<Rewrite> ROUTE_REWRITE =
      Key.of(
          "rewrite",
          REWRITE,
          Rewrite.NONE,
          "none",
          "What nodes get instead of what the client asked for.",
          "{ path: \"/$1\" }");
  private static final Key<Redirect> ROUTE_REDIRECT =
      Key.computed(
          "redirect",
          REDIRECT,
          "none",
          "Sends the client elsewhere.",
          "{ to: \"https://{host}{path}\", status: 308 }");
  private static final Key<Respond> ROUTE_RESPOND =
      Key.computed(
          "respond",
          RESPOND,
          "none",
          "Fairlead answers itself.",
          "{ status: 503, file: pages/maintenance.html }");
  private static final Key<Edits> ROUTE_HEADERS =
      Key.of(
          "headers",
          HEADERS,
          Edits.NONE,
          "none",
          "Changes to header fields.",
          "{ response: { remove: server } }");
  private static final Key<Duration> ROUTE_TIMEOUT =
      Key.of(
          "timeout",
          Scalar.duration(RouteConfig.TIMEOUT),
          RouteConfig.DEFAULT_TIMEOUT,
          "From the moment the request went to a node until the head of its answer, all tries"
              + " together.",
          "10s");
  private static final Key<RouteTimeouts> ROUTE_TIMEOUTS =
      Key.of(
          "timeouts",
          TIMEOUTS,
          RouteTimeouts.NONE,
          "none",
          "Further limits on time.",
          "{ try: 2s, total: 1m }");
  private static final Key<WebSocketConfig> ROUTE_WEBSOCKET =
      Key.of(
          "websocket",
          WEBSOCKET,
          WebSocketConfig.DEFAULT,
          "as its keys say",
          "How long WebSockets may last.",
          "{ ping-interval: 30s }");
  private static final Key<List<RateLimitConfig>> RATE_LIMITS =
      Key.of(
          "rate-limit",
          new ListOf<>("limits", RATE_LIMIT),
          List.of(),
          "none",
          "How many requests are let in; of several limits each must let a request in.",
          "{ key: client-ip, rate: 100/s, burst: 200 }");
  private static final Key<Long> ROUTE_LIMITS_KEY =
      Key.of(
          "limits",
          ROUTE_LIMITS,
          RouteConfig.AS_LISTENER,
          "the listener's",
          "Bounds that differ from those of the listener.",
          "{ body-bytes: 100MiB }");

  private static final Key<List<ContentCoding>> COMPRESS_CODINGS =
      Key.of(
          "codings",
          new ListOf<>("codings", Scalar.word(ContentCoding.class)),
          CompressConfig.DEFAULT_CODINGS,
          "zstd, br, gzip",
          "How bodies are packed: what a client likes best, and of what it likes as much, the first"
              + " here.",
          "[gzip]");
  private static final Key<List<String>> COMPRESS_TYPES =
      Key.of(
          "types",
          new ListOf<>(
              "media types",
              Scalar.text("media type", null, CompressConfig::normalType, CompressConfig::type)),
          CompressConfig.DEFAULT_TYPES,
          "HTML, text, CSS, JavaScript, CSV, JSON, XML, SVG",
          "Media types that are packed, without parameters; `text/*` for all of a kind. Never packed"
              + " are streams of messages (`text/event-stream`, gRPC).",
          "[\"text/*\", application/json]");
  private static final Key<Integer> COMPRESS_BYTES =
      Key.of(
          "min-bytes",
          Scalar.intSize(CompressConfig.MIN_BYTES),
          CompressConfig.DEFAULT_MIN_BYTES,
          "1KiB",
          "Bodies of a known length below that stay as they are.",
          "4KiB");
  private static final Key<Integer> COMPRESS_LEVEL =
      Key.of(
          "level",
          Scalar.count(CompressConfig.LEVEL),
          CompressConfig.DEFAULT_LEVEL,
          "1 is the fastest, 9 makes the smallest; each coding has its own scale.",
          "6");

  static final Obj<CompressConfig> COMPRESS =
      new Obj<>(
          "compress",
          "Answers of nodes that are packed for clients that take it. What is packed already,"
              + " a part (206), or says `no-transform` stays as it is.",
          List.of(COMPRESS_CODINGS, COMPRESS_TYPES, COMPRESS_BYTES, COMPRESS_LEVEL),
          List.of(),
          null,
          (values, _) ->
              new CompressConfig(
                  values.get(COMPRESS_CODINGS),
                  values.get(COMPRESS_TYPES),
                  values.get(COMPRESS_BYTES),
                  values.get(COMPRESS_LEVEL)));

  private static final Key<CompressConfig> ROUTE_COMPRESS =
      Key.computed(
          "compress",
          COMPRESS,
          "none",
          "Answers of nodes that are packed; `{}` for the usual ones.",
          "{ types: [\"text/*\", application/json] }");

  private static final Key<RetryConfig> ROUTE_RETRY =
      Key.of(
          "retry",
          RETRY,
          RetryConfig.DEFAULT,
          "once",
          "When a request is tried again.",
          "{ attempts: 2, on: [connect, reset, \"503\"], per-try-timeout: 2s }");

  private static final Key<Importance> IMPORTANCE =
      Key.of(
          "importance",
          Scalar.word(Importance.class),
          Importance.NORMAL,
          "What is given up last, or first, when there is more to do than can be done; a proxy that"
              + " `forwarded.trust` names may say otherwise in `x-request-importance`.",
          "critical");

  static final Obj<RouteConfig> ROUTE =
      new Obj<>(
          "route",
          "What becomes of some requests. Routes are tried by priority and then in order, the first"
              + " that matches wins; none matching answers 404.",
          routeKeys(),
          List.of(),
          null,
          RouteLanguage::route);

  private RouteLanguage() {}

  private static List<Key<?>> routeKeys() {
    List<Key<?>> keys =
        new ArrayList<>(
            List.of(
                ROUTE_NAME,
                ROUTE_MATCH,
                PRIORITY,
                ROUTE_SERVICE,
                SPLIT,
                ROUTE_DATABASE,
                ROUTE_FOR,
                ROUTE_KEY,
                ROUTE_REDIRECT,
                ROUTE_RESPOND,
                ROUTE_REWRITE,
                ROUTE_HEADERS,
                ROUTE_COMPRESS,
                CacheLanguage.ROUTE_CACHE,
                ROUTE_TIMEOUT,
                ROUTE_TIMEOUTS,
                ROUTE_RETRY,
                IMPORTANCE,
                ROUTE_WEBSOCKET,
                RATE_LIMITS,
                ALLOW,
                DENY));
    keys.addAll(AuthLanguage.KEYS);
    keys.addAll(TrialLanguage.KEYS);
    keys.add(FilterLanguage.ROUTE_FILTERS);
    keys.addAll(List.of(ROUTE_LIMITS_KEY, ERRORS));
    return List.copyOf(keys);
  }

  static Scalar<Rate> rate() {
    return new Scalar<>(
        "rate",
        "1 to 1000000 in s, m or h",
        Scalar.ordered("type", "string", "pattern", "^" + Rate.PATTERN + "$"),
        false,
        (text, _) -> Rate.parse(text));
  }

  private static RouteConfig route(Values values, Spot spot) {
    Edits edits = values.get(ROUTE_HEADERS);
    return new RouteConfig(
        or(values.find(ROUTE_NAME), listenerName(spot.up(2)) + "-" + (spot.index() + 1)),
        values.get(ROUTE_MATCH),
        values.get(PRIORITY),
        action(values, spot),
        values.get(ROUTE_TIMEOUT),
        values.get(ROUTE_TIMEOUTS),
        values.get(ROUTE_WEBSOCKET),
        new AccessConfig(values.get(ALLOW), values.get(DENY)),
        AuthLanguage.read(values),
        values.get(RATE_LIMITS),
        values.get(ROUTE_LIMITS_KEY),
        edits.request(),
        edits.response(),
        Optional.ofNullable(values.find(ROUTE_COMPRESS)),
        Optional.ofNullable(values.find(CacheLanguage.ROUTE_CACHE)),
        values.get(ERRORS),
        values.get(ROUTE_RETRY),
        values.get(IMPORTANCE),
        TrialLanguage.read(values),
        values.get(FilterLanguage.ROUTE_FILTERS));
  }

  private static RouteAction action(Values values, Spot spot) {
    String service = values.find(ROUTE_SERVICE);
    Map<String, Integer> split = values.find(SPLIT);
    Redirect redirect = values.find(ROUTE_REDIRECT);
    Respond respond = values.find(ROUTE_RESPOND);
    Require require = new Require();
    String first = null;
    for (Key<?> key :
        List.of(ROUTE_SERVICE, SPLIT, ROUTE_DATABASE, ROUTE_REDIRECT, ROUTE_RESPOND)) {
      if (spot.child(key.name()) == null) {
        continue;
      }
      if (first != null) {
        require.that(false, key.name(), null, "must not be given beside " + first);
      } else {
        first = key.name();
      }
    }
    require.that(
        first != null,
        "service",
        null,
        "must be given, or split, database, redirect or respond instead");
    require.that(
        spot.child("for") == null || spot.child("database") != null,
        "for",
        null,
        "must not be given without database");
    require.that(
        spot.child("key") == null || spot.child("database") != null,
        "key",
        null,
        "must not be given without database");
    require.that(
        split == null || split.size() > 1 || spot.child("service") != null,
        "split",
        null,
        "must have two services or more; one alone is a service");
    Rewrite rewrite = values.get(ROUTE_REWRITE);
    require.that(
        first == null
            || first.equals("service")
            || first.equals("split")
            || spot.child("rewrite") == null,
        "rewrite",
        null,
        "must not be given without a service");
    require.orRefuse();
    if (redirect != null) {
      return redirect;
    }
    if (respond != null) {
      return respond;
    }
    if (split != null) {
      return new Send(split, rewrite);
    }
    String database = values.find(ROUTE_DATABASE);
    if (database != null) {
      return new Database(
          database, values.get(ROUTE_FOR), Optional.ofNullable(values.find(ROUTE_KEY)));
    }
    // What could not be read has been refused already; the rest is read all the same.
    return service != null ? new Send(Map.of(service, 1), rewrite) : new Respond(200, Content.NONE);
  }

  private static Content content(Values values) {
    String body = values.find(RESPOND_BODY);
    Content file = values.find(RESPOND_FILE);
    String type = values.find(RESPOND_TYPE);
    new Require()
        .that(body == null || file == null, "file", null, "must not be given beside body")
        .that(
            type == null || body != null || file != null,
            "content-type",
            null,
            "must not be given without body or file")
        .orRefuse();
    Content content = file != null ? file : body != null ? Content.text(body) : Content.NONE;
    return type != null ? content.withType(type) : content;
  }

  /** What a limit is called by what it counts: header:x-api-key is x-api-key. */
  private static String name(RateLimitConfig.Key key) {
    String text = key.toString();
    String name = text.substring(text.indexOf(':') + 1);
    return Syntax.name(name) == null ? name : "header";
  }

  // A name that is refused has been refused already; what it names is read all the same.
  private static String listenerName(Spot spot) {
    return Syntax.name(spot.segment()) == null ? spot.segment() : "unnamed";
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
