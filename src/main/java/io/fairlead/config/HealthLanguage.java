package io.fairlead.config;

import io.fairlead.config.Probe.Expect;
import io.fairlead.config.Probe.Http.Version;
import io.fairlead.config.Probe.StatusRange;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an operator can write about how nodes are probed. */
final class HealthLanguage {
  // http

  private static final Key<String> HTTP =
      Key.computed(
          "http",
          Scalar.text("path", null, Syntax::probePath),
          "not asked",
          "Ask for this path, see `method`, `host`, `headers`, `http-version` and `expect`.",
          "\"/healthz\"");
  private static final Key<String> METHOD =
      Key.computed(
          "method",
          Scalar.text("method", Syntax.METHOD_PATTERN, Syntax::method),
          "GET",
          "Method of an HTTP probe, which has no body.",
          "HEAD");
  private static final Key<String> HOST =
      Key.computed(
          "host",
          Scalar.text("host", null, Syntax::probeHost),
          "the node's address",
          "Host field of an HTTP probe.",
          "shop.example");
  private static final Key<Map<String, Secret>> HEADERS =
      Key.computed(
          "headers",
          new MapOf<>("fields", MapOf.Names.PROBED, Scalar.secret("value or file:PATH")),
          "none",
          "Further fields of an HTTP probe; their values appear in no message.",
          "{ authorization: \"file:secrets/probe\" }");
  private static final Key<Version> HTTP_VERSION =
      Key.computed(
          "http-version",
          Scalar.words(
              "word",
              List.of(Version.HTTP_1_1, Version.HTTP_2),
              version -> version == Version.HTTP_2 ? "2" : "1.1"),
          "2 where the service has `protocol: h2` and health no `port`, else 1.1",
          "Of an HTTP probe; `2` without TLS by prior knowledge, with TLS by ALPN.",
          "\"2\"");

  // expect

  private static final Scalar<StatusRange> STATUSES =
      Scalar.parsed("status or range", StatusRange::parse);
  private static final StatusRange USUAL = new StatusRange(200, 399);
  private static final Key<StatusRange> STATUS =
      Key.of(
          "status", STATUSES, USUAL, "200-399", "Statuses that pass, within 100-599.", "200-299");
  private static final Key<String> CONTAINS =
      Key.computed(
          "contains",
          Scalar.text(
              "text",
              null,
              text ->
                  !text.isEmpty() && text.length() <= Expect.MAX_CONTAINS
                      ? null
                      : "must be 1 to " + Expect.MAX_CONTAINS + " characters"),
          "anything",
          "What the first " + Units.size(Expect.BODY_BYTES) + " of the body must have in them.",
          "\"\\\"status\\\":\\\"ok\\\"\"");
  private static final Key<LinearPattern> MATCHES =
      Key.computed(
          "matches",
          Scalar.parsed("pattern", LinearPattern::parse),
          "anything",
          "A regular expression that must be found there; at most "
              + LinearPattern.MAX_LENGTH
              + " characters, no back-references, no looking ahead or behind.",
          "\"lag: [0-9]{1,2}$\"");
  private static final Key<Map<String, String>> EXPECTED_HEADERS =
      Key.of(
          "headers",
          new MapOf<>(
              "fields", MapOf.Names.HEADER, Scalar.text("value", null, RouteMatch::headerValue)),
          Map.of(),
          "any",
          "Fields that the answer must have: exact, or with `*` for any characters.",
          "{ x-state: \"ready*\" }");

  static final Obj<Expect> EXPECT_ALL =
      new Obj<>(
          "expect",
          "What the answer to an HTTP probe must be. A status or a range alone stands for that"
              + " status.",
          List.of(STATUS, CONTAINS, MATCHES, EXPECTED_HEADERS),
          List.of(),
          new Obj.ShortForm<>(STATUSES, (status, _) -> Expect.status(status)),
          (values, _) ->
              new Expect(
                  values.get(STATUS),
                  orElse(values.find(CONTAINS), ""),
                  Optional.ofNullable(values.find(MATCHES)),
                  values.get(EXPECTED_HEADERS)));

  private static final Key<Expect> EXPECT =
      Key.computed(
          "expect",
          EXPECT_ALL,
          "200-399",
          "What the answer to an HTTP probe must be.",
          "{ status: 200, contains: ready }");

  // tcp

  private static final Key<Secret> SEND =
      Key.computed(
          "send",
          Scalar.secret("bytes"),
          "nothing",
          "What is said first: text with `\\r`, `\\n`, `\\t`, `\\\\` and `\\xNN`, or `hex:` and pairs"
              + " of digits, or `file:PATH`. It appears in no message.",
          "'PING\\r\\n'");
  private static final Key<String> ANSWER =
      Key.required(
          "expect",
          Scalar.parsed(
              "bytes",
              text -> {
                byte[] _ = ByteText.bytes(text);
                return text;
              }),
          "What the answer must have in its first "
              + Units.size(Expect.BODY_BYTES)
              + ", written in the same way.",
          "'+PONG'");

  static final Obj<Probe> TCP_PROBE =
      new Obj<>(
          "tcp",
          "Open a connection. `true`: that is all.",
          List.of(SEND, ANSWER),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.words("word", List.of("true"), s -> s), (_, _) -> new Probe.Tcp()),
          (values, _) ->
              new Probe.Talk(orElse(values.find(SEND), new Secret("")), values.get(ANSWER)));

  private static final Key<Probe> TCP =
      Key.computed(
          "tcp",
          TCP_PROBE,
          "true without another",
          "Open a connection; say something and look at the answer.",
          "true");

  // grpc

  private static final Key<Probe.Grpc> GRPC =
      Key.computed(
          "grpc",
          Scalar.parsed("service or true", text -> new Probe.Grpc(text.equals("true") ? "" : text)),
          "none",
          "Call `grpc.health.v1.Health/Check` for that service, or, if `true`, for the server as a"
              + " whole; passes when the answer is SERVING.",
          "shop.Orders");

  // command

  private static final Key<List<String>> COMMAND =
      Key.computed(
          "command",
          new ListOf<>("texts", Scalar.text("text", null, _ -> null)),
          "none",
          "Run this program, which ends with 0 if the node serves; needs `admin.allow-commands`."
              + " It finds the node in `FAIRLEAD_NODE_ADDRESS`, and in `_HOST`, `_IP` and `_PORT`.",
          "[\"/usr/local/bin/check-shop\", \"--deep\"]");

  /** One of them at most. */
  private static final List<Key<? extends Probe>> KINDS =
      List.of(
          TCP, GRPC, DatabaseLanguage.POSTGRESQL, DatabaseLanguage.MARIADB, DatabaseLanguage.REDIS);

  /** Of no use without {@code http}. */
  private static final List<Key<?>> OF_HTTP = List.of(METHOD, HOST, HEADERS, HTTP_VERSION, EXPECT);

  // when

  private static final Key<Integer> PORT =
      Key.computed(
          "port",
          Scalar.count(HealthCheckConfig.PORT),
          "the node's",
          "Port to ask at, such as that of a side door.",
          "8081");
  private static final Key<Duration> INTERVAL =
      Key.of(
          "interval",
          Scalar.duration(HealthCheckConfig.INTERVAL),
          HealthCheckConfig.DEFAULT.interval(),
          "Time between the starts of two probes of one node.",
          "2s");
  private static final Key<Duration> TIMEOUT =
      Key.computed(
          "timeout",
          Scalar.duration(HealthCheckConfig.TIMEOUT),
          Units.duration(HealthCheckConfig.DEFAULT.timeout()) + ", or interval if shorter",
          "Time a probe may take; longer counts as failed; at most interval.",
          "500ms");
  private static final Key<Integer> RISE =
      Key.of(
          "rise",
          Scalar.count(HealthCheckConfig.IN_A_ROW),
          HealthCheckConfig.DEFAULT.rise(),
          "Probes in a row that must pass before a down node is up.",
          "2");
  private static final Key<Integer> FALL =
      Key.of(
          "fall",
          Scalar.count(HealthCheckConfig.IN_A_ROW),
          HealthCheckConfig.DEFAULT.fall(),
          "Probes in a row that must fail before an up node is down.",
          "3");

  private static final Key<Duration> DOWN_INTERVAL =
      Key.computed(
          "down-interval",
          Scalar.duration(HealthCheckConfig.INTERVAL),
          "interval",
          "The longest time between two probes of a node that stays down: the time doubles up to it;"
              + " at least interval.",
          "30s");
  private static final Key<Duration> FLAP_WINDOW =
      Key.of(
          "flap-window",
          Scalar.duration(HealthCheckConfig.FLAP_WINDOW),
          HealthCheckConfig.USUAL_FLAP_WINDOW,
          "A node that goes down more than three times in this time needs twice as many passes each"
              + " time, up to 16 times `rise`; 0s: never.",
          "5m");
  private static final Key<Duration> CERTIFICATE_LEFT =
      Key.of(
          "certificate-left",
          Scalar.duration(HealthCheckConfig.CERTIFICATE_LEFT),
          Duration.ZERO,
          "How long the certificate that a node shows must still be valid, where the service or"
              + " `health` has `tls`; 0s: as long as it is.",
          "72h");
  private static final Key<ServiceTls> TLS =
      Key.computed(
          "tls",
          TlsLanguage.SERVICE,
          "as the service has it",
          "TLS of probes, where what the service carries does not speak it, or not by Fairlead: of a"
              + " relayed service, or at another `port`. PostgreSQL and MariaDB are asked for it by"
              + " their own protocols.",
          "{ ca: databases-ca.pem }");

  static final Obj<HealthCheckConfig> HEALTH =
      new Obj<>(
          "health",
          "How the nodes of a service are probed, see [health.md](health.md). `none`: a node counts"
              + " as up until a connection to it fails, and again after a pause.",
          List.of(
              HTTP,
              METHOD,
              HOST,
              HEADERS,
              HTTP_VERSION,
              EXPECT,
              TCP,
              GRPC,
              DatabaseLanguage.POSTGRESQL,
              DatabaseLanguage.MARIADB,
              DatabaseLanguage.REDIS,
              COMMAND,
              PORT,
              INTERVAL,
              TIMEOUT,
              RISE,
              FALL,
              DOWN_INTERVAL,
              FLAP_WINDOW,
              CERTIFICATE_LEFT,
              TLS),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.words("word", List.of("none"), s -> s),
              (_, _) -> health(new Values(Path.of("")), new Probe.None())),
          (values, _) -> health(values, probe(values)));

  private HealthLanguage() {}

  private static Probe probe(Values values) {
    String path = values.find(HTTP);
    Require require = new Require();
    List<String> said = new ArrayList<>();
    if (path != null) {
      said.add(HTTP.name());
    }
    Probe probe = new Probe.Tcp();
    List<Key<?>> kinds = new ArrayList<>(KINDS);
    kinds.add(COMMAND);
    for (Key<?> kind : kinds) {
      Object one = values.find(kind);
      if (one != null) {
        require.that(
            said.isEmpty(),
            kind.name(),
            null,
            "must not be given beside " + (said.isEmpty() ? "" : said.getFirst()));
        said.add(kind.name());
        probe =
            one instanceof Probe ready
                ? ready
                : new CommandProbe(orElse(values.find(COMMAND), List.of()));
      }
    }
    for (Key<?> key : OF_HTTP) {
      require.that(
          path != null || values.find(key) == null,
          key.name(),
          null,
          "must not be given without http");
    }
    require.orRefuse();
    return path == null
        ? probe
        : new Probe.Http(
            orElse(values.find(METHOD), "GET"),
            path,
            orElse(values.find(HOST), ""),
            orElse(values.find(HEADERS), Map.of()),
            orElse(values.find(HTTP_VERSION), Version.AS_SERVICE),
            orElse(values.find(EXPECT), Expect.status(USUAL)));
  }

  private static HealthCheckConfig health(Values values, Probe probe) {
    Duration interval = values.get(INTERVAL);
    Duration usual = HealthCheckConfig.DEFAULT.timeout();
    return new HealthCheckConfig(
        interval,
        orElse(values.find(TIMEOUT), usual.compareTo(interval) < 0 ? usual : interval),
        values.get(RISE),
        values.get(FALL),
        probe,
        orElse(values.find(PORT), 0),
        values.get(CERTIFICATE_LEFT),
        Optional.ofNullable(values.find(TLS)).filter(ServiceTls::enabled),
        orElse(values.find(DOWN_INTERVAL), Duration.ZERO),
        values.get(FLAP_WINDOW));
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
