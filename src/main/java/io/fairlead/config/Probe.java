package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a health check asks a node. */
public sealed interface Probe
    permits Probe.Tcp,
        Probe.Talk,
        Probe.Http,
        Probe.Grpc,
        Probe.None,
        PostgresqlProbe,
        MariadbProbe,
        RedisProbe,
        RoleProbe,
        CommandProbe {
  /** What must not be seen anywhere: said to the node, but never said of it. */
  default List<Secret> secrets() {
    return List.of();
  }

  /** A connection that is accepted. */
  record Tcp() implements Probe {}

  /**
   * A connection on which something is said and the answer has something in it.
   *
   * @param send {@linkplain ByteText bytes} said first, which may be a password; empty: none
   * @param expect {@linkplain ByteText bytes} that the answer must have in it
   */
  record Talk(Secret send, String expect) implements Probe {
    public Talk {
      Require require = new Require();
      if (!send.value().isEmpty()) {
        require.unless(objection(send.value()), List.of("send"), send);
      }
      require.unless(objection(expect), List.of("expect"), expect).orRefuse();
    }

    private static @Nullable String objection(String text) {
      try {
        byte[] _ = ByteText.bytes(text);
        return null;
      } catch (InvalidConfigException e) {
        return e.violations().getFirst().rule();
      }
    }

    @Override
    public List<Secret> secrets() {
      return send.value().isEmpty() ? List.of() : List.of(send);
    }
  }

  /**
   * A request that is answered as wanted.
   *
   * @param method of the request, which has no body
   * @param path what is asked for, starting with a slash
   * @param host value of the Host field; empty: the node's address
   * @param headers further fields by name in lower case; values may be secrets
   * @param version of HTTP
   * @param expect what the answer must be
   */
  record Http(
      String method,
      String path,
      String host,
      Map<String, Secret> headers,
      Version version,
      Expect expect)
      implements Probe {
    static final int MAX_HEADERS = 20;

    /** A request fits into any send buffer, so that nobody has to wait until it is taken. */
    static final int MAX_HEADERS_LENGTH = 8192;

    /** Which HTTP is spoken. */
    public enum Version {
      /** The one that the service speaks; at a port of its own, HTTP/1.1. */
      AS_SERVICE,
      HTTP_1_1,
      HTTP_2
    }

    /** A GET that is answered with a wanted status. */
    public Http(String path, String host, StatusRange expect) {
      this("GET", path, host, Map.of(), Version.AS_SERVICE, Expect.status(expect));
    }

    public Http {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      Require require = new Require().unless(Syntax.probePath(path), List.of("http"), path);
      if (!host.isEmpty()) {
        require.unless(Syntax.probeHost(host), List.of("host"), host);
      }
      require
          .unless(Syntax.method(method), List.of("method"), method)
          .that(!method.equals("CONNECT"), "method", method, "must not be CONNECT")
          .that(
              headers.size() <= MAX_HEADERS,
              "headers",
              null,
              "must be at most " + MAX_HEADERS + " fields")
          .that(
              headers.values().stream().mapToInt(value -> value.value().length()).sum()
                  <= MAX_HEADERS_LENGTH,
              "headers",
              null,
              "must be at most " + MAX_HEADERS_LENGTH + " characters together")
          .that(
              !(method.equals("HEAD") && expect.looksAtBody()),
              List.of("expect"),
              null,
              "must not look at the body where method is HEAD",
              List.of(List.of("method")));
      headers.forEach((name, value) ->
          require.that(
              Syntax.headerValue(value.value()) == null,
              List.of("headers", name),
              null,
              "must be 1 to 4096 characters without line breaks and without spaces at its ends",
              List.of()));
      require.orRefuse();
    }

    Http with(Version other) {
      return new Http(method, path, host, headers, other, expect);
    }

    @Override
    public List<Secret> secrets() {
      return List.copyOf(headers.values());
    }
  }

  /**
   * What an answer of HTTP must be; all of it.
   *
   * @param status codes that pass
   * @param contains what the first {@value #BODY_BYTES} bytes of the body must have in them; empty:
   *     anything
   * @param matches what must be found there
   * @param headers name of a field in lower case → value, which may have {@code *} for any
   *     characters
   */
  record Expect(
      StatusRange status,
      String contains,
      Optional<LinearPattern> matches,
      Map<String, String> headers) {
    /** How much of a body is read, and of an answer to {@link Talk}. */
    public static final int BODY_BYTES = 64 * 1024;

    static final int MAX_CONTAINS = 1024;

    public Expect {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
      Require require =
          new Require()
              .that(
                  contains.length() <= MAX_CONTAINS,
                  "contains",
                  null,
                  "must be at most " + MAX_CONTAINS + " characters")
              .that(
                  headers.size() <= Http.MAX_HEADERS,
                  "headers",
                  null,
                  "must be at most " + Http.MAX_HEADERS + " fields");
      headers.forEach((name, value) ->
          require
              .unless(
                  Syntax.headerName(name.toLowerCase(Locale.ROOT)), List.of("headers", name), name)
              .unless(RouteMatch.headerValue(value), List.of("headers", name), value));
      require.orRefuse();
    }

    static Expect status(StatusRange status) {
      return new Expect(status, "", Optional.empty(), Map.of());
    }

    public boolean looksAtBody() {
      return !contains.isEmpty() || matches.isPresent();
    }
  }

  /**
   * A call of {@code grpc.health.v1.Health/Check} that is answered with SERVING.
   *
   * @param service whose health is asked for; empty: the server's as a whole
   */
  record Grpc(String service) implements Probe {
    public Grpc {
      if (!service.isEmpty() && !service.matches("[A-Za-z_][A-Za-z0-9_.]{0,254}")) {
        throw Require.refusal("must be the name of a gRPC service such as shop.Orders, or true");
      }
    }
  }

  /** No probe: a node counts as up until a connection to it fails, and again after a pause. */
  record None() implements Probe {}

  /**
   * Status codes from one to another, both included.
   *
   * @param from 100 to 599
   * @param to from to 599
   */
  record StatusRange(int from, int to) {
    public StatusRange {
      if (from < 100 || to > 599 || from > to) {
        throw Require.refusal("must be a status or a range of them within 100-599");
      }
    }

    /** Reads {@code 200} or {@code 200-399}. */
    static StatusRange parse(String text) {
      if (!text.matches("[0-9]{3}(-[0-9]{3})?")) {
        throw Require.refusal("must be a status such as 200 or a range such as 200-399");
      }
      return new StatusRange(
          Integer.parseInt(text.substring(0, 3)),
          Integer.parseInt(text.substring(text.length() - 3)));
    }

    public boolean contains(int status) {
      return status >= from && status <= to;
    }

    @Override
    public String toString() {
      return from == to ? Integer.toString(from) : from + "-" + to;
    }
  }
}
