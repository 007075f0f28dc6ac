package io.fairlead.config;

import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What becomes of some requests.
 *
 * @param name metric label; default {@code LISTENER-N}, N counting from 1
 * @param match what a request must look like
 * @param priority routes with a higher one are tried first, -1,000,000 to 1,000,000; default 0
 * @param action who answers
 * @param timeout from the moment the request went to a node until the head of its answer, all tries
 *     together; 1 ms to 24 h; default 60 s
 * @param timeouts further limits on time
 * @param webSocket how long WebSockets may last
 * @param access whose requests are taken
 * @param auth who has to say who it is
 * @param rateLimits how many are taken; each must let a request in
 * @param bodyBytes of one request body; {@link #AS_LISTENER}: what the listener says
 * @param requestHeaders what nodes get changed
 * @param responseHeaders what clients get changed
 * @param compress which answers are packed; none: they go out as they come
 * @param cache which answers are kept; none: every request gets to a node
 * @param errors {@code 404} or {@code 5xx} → body of Fairlead's own answers with that status
 * @param retry when a request is tried again
 * @param importance what is given up first when there is too much to do
 * @param trial what is tried out with the requests
 * @param filters names of those that look at the requests, in this order
 */
public record RouteConfig(
    String name,
    RouteMatch match,
    int priority,
    RouteAction action,
    Duration timeout,
    RouteTimeouts timeouts,
    WebSocketConfig webSocket,
    AccessConfig access,
    AuthConfig auth,
    List<RateLimitConfig> rateLimits,
    long bodyBytes,
    HeaderEdits requestHeaders,
    HeaderEdits responseHeaders,
    Optional<CompressConfig> compress,
    Optional<CacheConfig> cache,
    Map<String, Content> errors,
    RetryConfig retry,
    Importance importance,
    TrialConfig trial,
    List<String> filters) {
  static final Range<Duration> TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofHours(24));
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(60);
  static final Range<Integer> PRIORITY = Range.counts(-1_000_000, 1_000_000);
  static final int MAX_RATE_LIMITS = 8;
  public static final long AS_LISTENER = -1;

  /** Everything that need not be said as it is when it is not. */
  public RouteConfig(String name, RouteMatch match, String service, Duration timeout) {
    this(name, match, 0, to(service), timeout, RetryConfig.DEFAULT, Importance.NORMAL);
  }

  private RouteConfig(
      String name,
      RouteMatch match,
      int priority,
      RouteAction action,
      Duration timeout,
      RetryConfig retry,
      Importance importance) {
    this(
        name,
        match,
        priority,
        action,
        timeout,
        RouteTimeouts.NONE,
        WebSocketConfig.DEFAULT,
        AccessConfig.OPEN,
        AuthConfig.NONE,
        List.of(),
        AS_LISTENER,
        HeaderEdits.NONE,
        HeaderEdits.NONE,
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        retry,
        importance,
        TrialConfig.NONE,
        List.of());
  }

  private static RouteAction to(String service) {
    return new RouteAction.Send(Map.of(service, 1), Rewrite.NONE);
  }

  /** One for copies of requests: they are sent once, and given up first. */
  public static RouteConfig mirror(String name, String service, Duration timeout) {
    return new RouteConfig(
        name, RouteMatch.ANY, 0, to(service), timeout, RetryConfig.NEVER, Importance.LOW);
  }

  /** One for a path that Fairlead answers itself, before all routes that operators write. */
  public static RouteConfig own(String name, String path) {
    return new RouteConfig(
        name,
        new RouteMatch(List.of(), List.of(path), List.of(), Map.of()),
        PRIORITY.max(),
        new RouteAction.Respond(404, Content.NONE),
        DEFAULT_TIMEOUT,
        RetryConfig.DEFAULT,
        Importance.NORMAL);
  }

  /** One that answers all that it is given with that text. */
  public static RouteConfig answering(String name, String text) {
    return new RouteConfig(
        name,
        RouteMatch.ANY,
        0,
        new RouteAction.Respond(200, Content.text(text)),
        DEFAULT_TIMEOUT,
        RetryConfig.DEFAULT,
        Importance.NORMAL);
  }

  public RouteConfig {
    rateLimits = List.copyOf(rateLimits);
    filters = List.copyOf(filters);
    errors = Collections.unmodifiableMap(new LinkedHashMap<>(errors));
    Require require =
        new Require()
            .unless(Syntax.routeName(name), List.of("name"), name)
            .within(PRIORITY, "priority", priority)
            .within(TIMEOUT, "timeout", timeout)
            .that(
                rateLimits.size() <= MAX_RATE_LIMITS,
                "rate-limit",
                rateLimits.size(),
                "must be at most " + MAX_RATE_LIMITS + " limits");
    require.that(
        filters.size() <= FilterConfig.MOST_OF_ROUTE,
        "filters",
        filters.size(),
        "must be at most " + FilterConfig.MOST_OF_ROUTE);
    Map<String, Integer> names = new HashMap<>();
    for (int i = 0; i < rateLimits.size(); i++) {
      Integer first = names.putIfAbsent(rateLimits.get(i).name(), i);
      if (first != null) {
        require.that(
            false,
            List.of("rate-limit", "[" + i + "]", "name"),
            rateLimits.get(i).name(),
            "must be unique in its route, but {} has it too",
            List.of(List.of("rate-limit", "[" + first + "]", "name")));
      }
    }
    require.that(
        retry.perTry().isZero() || timeouts.attempt().isZero(),
        List.of("retry", "per-try-timeout"),
        retry.perTry(),
        "must not be given beside {}, which says the same",
        List.of(List.of("timeouts", "try")));
    require.that(
        auth.basic().isEmpty() || auth.jwt().isEmpty(),
        List.of("jwt"),
        null,
        "must not be given beside {}, since both come in the same field",
        List.of(List.of("basic-auth")));
    require.that(
        auth.oidc().isEmpty() || auth.basic().isEmpty(),
        List.of("oidc"),
        null,
        "must not be given beside {}: a request shows one of them",
        List.of(List.of("basic-auth")));
    require.that(
        auth.oidc().isEmpty() || auth.jwt().isEmpty(),
        List.of("oidc"),
        null,
        "must not be given beside {}: a request shows one of them",
        List.of(List.of("jwt")));
    trial
        .mirror()
        .ifPresent(mirror ->
            require
                .that(
                    action instanceof RouteAction.Send,
                    "mirror",
                    null,
                    "must not be given without a service")
                .that(
                    !(action instanceof RouteAction.Send send)
                        || !send.shares().containsKey(mirror.service()),
                    List.of("mirror", "service"),
                    mirror.service(),
                    "must not be one that the route itself sends to",
                    List.of()));
    trial
        .fault()
        .ifPresent(fault ->
            require
                .that(
                    fault.delay().compareTo(timeout) < 0,
                    List.of("fault", "delay"),
                    fault.delay(),
                    "must be less than {}, in which the request has to be answered",
                    List.of(List.of("timeout")))
                .that(
                    timeouts.total().isZero() || fault.delay().compareTo(timeouts.total()) < 0,
                    List.of("fault", "delay"),
                    fault.delay(),
                    "must be less than {}, in which the request has to be answered",
                    List.of(List.of("timeouts", "total"))));
    require.that(
        cache.isEmpty() || action instanceof RouteAction.Send,
        "cache",
        null,
        "must not be given without a service");
    List<List<String>> patterns = List.of(List.of("match", "path"));
    switch (action) {
      case RouteAction.Send(_, Rewrite rewrite) -> {
        String missing = missing(rewrite.path(), match);
        require.that(
            missing.isEmpty(), List.of("rewrite", "path"), rewrite.path(), missing, patterns);
      }
      case RouteAction.Redirect(String to, _) -> {
        String missing = missing(to, match);
        require.that(missing.isEmpty(), List.of("redirect", "to"), to, missing, patterns);
      }
      case RouteAction.Respond _, RouteAction.Database _ -> {}
    }
    require.orRefuse();
  }

  private static String missing(String template, RouteMatch match) {
    String missing = Template.parse(template, Template.Kind.TARGET).missing(match.paths());
    return missing == null ? "" : missing;
  }

  /**
   * Numbers of the routes in the order in which they are tried: by priority, then as they stand.
   */
  public static int[] order(List<RouteConfig> routes) {
    return IntStream.range(0, routes.size())
        .boxed()
        .sorted(Comparator.comparingInt(i -> -routes.get(i).priority()))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** Keys that say something which has a meaning for requests only. */
  List<String> rulesForRequests() {
    Map<String, Boolean> given = new LinkedHashMap<>();
    given.put("priority", priority != 0);
    given.put("split", services().size() > 1);
    given.put("redirect", action instanceof RouteAction.Redirect);
    given.put("respond", action instanceof RouteAction.Respond);
    given.put(
        "rewrite", action instanceof RouteAction.Send send && !send.rewrite().equals(Rewrite.NONE));
    given.put("headers", !requestHeaders.isEmpty() || !responseHeaders.isEmpty());
    given.put("compress", compress.isPresent());
    given.put("cache", cache.isPresent());
    given.put("timeouts", !timeouts.equals(RouteTimeouts.NONE));
    given.put("retry", !retry.equals(RetryConfig.DEFAULT));
    given.put("importance", importance != Importance.NORMAL);
    given.put("websocket", !webSocket.equals(WebSocketConfig.DEFAULT));
    given.put("rate-limit", !rateLimits.isEmpty());
    given.put("allow", !access.allow().isEmpty());
    given.put("deny", !access.deny().isEmpty());
    auth.keys().forEach(key -> given.put(key, true));
    trial.keys().forEach(key -> given.put(key, true));
    given.put("filters", !filters.isEmpty());
    given.put("limits", bodyBytes != AS_LISTENER);
    given.put("errors", !errors.isEmpty());
    given.values().removeIf(said -> !said);
    return List.copyOf(given.keySet());
  }

  /** Names of the services it sends to; a database is one, too. */
  public List<String> services() {
    return switch (action) {
      case RouteAction.Send send -> List.copyOf(send.shares().keySet());
      case RouteAction.Database database -> List.of(database.database());
      case RouteAction.Redirect _, RouteAction.Respond _ -> List.of();
    };
  }

  /** The services in one word, as a metric label; empty if there is none. */
  public String service() {
    return String.join(",", services());
  }
}
