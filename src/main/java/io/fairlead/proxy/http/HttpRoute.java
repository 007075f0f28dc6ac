package io.fairlead.proxy.http;

import io.fairlead.config.AccessConfig;
import io.fairlead.config.HttpLimits;
import io.fairlead.config.Networks;
import io.fairlead.config.RouteAction;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.config.WebSocketConfig;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What becomes of a matching request, ready to be done, and what is counted about it. */
public final class HttpRoute {
  private final RouteConfig config;
  private final ServiceTarget[] targets;
  private final int[] answerClasses;

  /** By target: the sum of the weights up to and with it. */
  private final long[] ends;

  private final LoopCounters<RouteCounter> counters;
  private final RateLimits rateLimits;
  private final Guard @Nullable [] guards;

  /** Those among the guards; null: there are none. */
  private final LoadedFilter @Nullable [] filters;

  /** Where filters may send requests to, and what these are counted as among its answers. */
  private final ServiceTarget[] elsewhere;

  private final int[] elsewhereClasses;
  private final ErrorPages errorPages;
  private final Access access;
  private final byte[] name;
  private final @Nullable FieldEdits requestEdits;
  private final @Nullable FieldEdits responseEdits;
  private final @Nullable Rewriter rewriter;
  private final @Nullable Redirection redirection;
  private final @Nullable LocalAnswer response;
  private final @Nullable Compression compression;
  private final long timeoutNanos;
  private final RetryPolicy retry;
  private final int importance;
  private final long requestBodyNanos;
  private final long idleNanos;
  private final long totalNanos;
  private int recordName;
  private boolean forAll;
  private @Nullable Mirror mirror;
  private @Nullable RouteCache cache;

  /** One that sends everything to one service and does nothing else. */
  public HttpRoute(RouteConfig config, ServiceTarget target, LoopCounters<RouteCounter> counters) {
    this(config, List.of(target), counters, RateLimits.NONE, List.of(), ErrorPages.NONE);
  }

  /**
   * @param targets of the services that the configuration names, in its order
   * @param guards asked one after the other; each must let a request in
   * @param errorPages those of the route before those of its listener
   */
  public HttpRoute(
      RouteConfig config,
      List<ServiceTarget> targets,
      LoopCounters<RouteCounter> counters,
      RateLimits rateLimits,
      List<Guard> guards,
      ErrorPages errorPages) {
    this.config = config;
    this.targets = targets.toArray(ServiceTarget[]::new);
    answerClasses =
        targets.stream()
            .mapToInt(target -> target.service().answers().classOf(config.name()))
            .toArray();
    this.counters = counters;
    this.rateLimits = rateLimits;
    this.guards = guards.isEmpty() ? null : guards.toArray(Guard[]::new);
    List<FilterGuard> asked =
        guards.stream().filter(FilterGuard.class::isInstance).map(FilterGuard.class::cast).toList();
    filters =
        asked.isEmpty()
            ? null
            : asked.stream().map(FilterGuard::filter).toArray(LoadedFilter[]::new);
    elsewhere =
        asked.stream()
            .flatMap(guard -> guard.targets().values().stream())
            .distinct()
            .toArray(ServiceTarget[]::new);
    elsewhereClasses =
        Arrays.stream(elsewhere)
            .mapToInt(target -> target.service().answers().classOf(config.name()))
            .toArray();
    this.errorPages = errorPages;
    access = Access.of(config.access());
    name = Ascii.bytes(config.name());
    requestEdits = FieldEdits.of(config.requestHeaders());
    responseEdits = FieldEdits.of(config.responseHeaders());
    List<String> paths = config.match().paths();
    ends = new long[this.targets.length];
    switch (config.action()) {
      case RouteAction.Send send -> {
        rewriter = Rewriter.of(send.rewrite(), paths);
        redirection = null;
        response = null;
        long sum = 0;
        int index = 0;
        for (int weight : send.shares().values()) {
          sum += weight;
          ends[index++] = sum;
        }
      }
      case RouteAction.Database _ -> {
        rewriter = null;
        redirection = null;
        response = null;
        ends[0] = 1;
      }
      case RouteAction.Redirect redirect -> {
        rewriter = null;
        redirection = new Redirection(redirect, paths);
        response = null;
      }
      case RouteAction.Respond respond -> {
        rewriter = null;
        redirection = null;
        response = LocalAnswer.of(respond.status(), respond.content());
      }
    }
    compression = config.compress().map(Compression::new).orElse(null);
    timeoutNanos = config.timeout().toNanos();
    retry = new RetryPolicy(config.retry(), config.timeouts().attempt());
    importance = config.importance().rank();
    requestBodyNanos = config.timeouts().requestBody().toNanos();
    idleNanos = config.timeouts().idle().toNanos();
    totalNanos = config.timeouts().total().toNanos();
  }

  public RouteConfig config() {
    return config;
  }

  /** The service that it sends to; the first of several. */
  public ServiceTarget target() {
    if (targets.length == 0) {
      throw new IllegalStateException(config.name() + " sends to no service");
    }
    return targets[0];
  }

  /** What its requests are counted as among the answers of that target's nodes. */
  @SuppressWarnings("ReferenceEquality") // that very target
  int answerClass(ServiceTarget target) {
    for (int i = 0; i < targets.length; i++) {
      if (targets[i] == target) {
        return answerClasses[i];
      }
    }
    for (int i = 0; i < elsewhere.length; i++) {
      if (elsewhere[i] == target) {
        return elsewhereClasses[i];
      }
    }
    return answerClasses[0];
  }

  int targetCount() {
    return targets.length;
  }

  /** One of several; null: it has no share. */
  @Nullable ServiceTarget target(int index) {
    return ends[index] > (index == 0 ? 0 : ends[index - 1]) ? targets[index] : null;
  }

  /** The service that a request goes to: one of several by chance, as often as its weight says. */
  ServiceTarget target(RandomGenerator random) {
    if (targets.length == 1) {
      return targets[0];
    }
    long point = random.nextLong(ends[ends.length - 1]);
    int index = 0;
    while (ends[index] <= point) {
      index++;
    }
    return targets[index];
  }

  public LoopCounters<RouteCounter> counters() {
    return counters;
  }

  /** With what they have counted. */
  public RateLimits rateLimits() {
    return rateLimits;
  }

  /** With what they have found out. */
  public List<Guard> guardList() {
    Guard[] all = guards;
    return all == null ? List.of() : List.of(all);
  }

  /** Filters that look at its requests; null: there are none. */
  LoadedFilter @Nullable [] filters() {
    return filters;
  }

  /** Null: there are none. */
  Guard @Nullable [] guards() {
    return guards;
  }

  /** Counts what its rules did not let through. */
  void countRefusal(int loop, ErrorReason reason) {
    RouteCounter counter = RouteCounter.of(reason);
    if (counter != null) {
      counters.increment(loop, counter);
    }
  }

  /** Before it is published. */
  public void setRecordName(int number) {
    recordName = number;
  }

  /** Its number in records. */
  public int recordName() {
    return recordName;
  }

  /** Copies of its requests go there, too; before it is published. */
  public void setMirror(Mirror to) {
    mirror = to;
  }

  /** Where copies of its requests go; null: nowhere. */
  @Nullable Mirror mirror() {
    return mirror;
  }

  /** Answers are kept there; before it is published. */
  public void setCache(RouteCache to) {
    cache = to;
  }

  /** Where answers are kept; null: nowhere. */
  public @Nullable RouteCache cache() {
    return cache;
  }

  /** Whether it answers everybody, whatever the rules of its listener. */
  boolean isForAll() {
    return forAll;
  }

  /** From now on it answers everybody; before it is used. */
  HttpRoute forAll() {
    forAll = true;
    return this;
  }

  /** Whose requests are taken. */
  Access access() {
    return access;
  }

  ErrorPages errorPages() {
    return errorPages;
  }

  byte[] nameBytes() {
    return name;
  }

  @Nullable FieldEdits requestEdits() {
    return requestEdits;
  }

  @Nullable FieldEdits responseEdits() {
    return responseEdits;
  }

  @Nullable Rewriter rewriter() {
    return rewriter;
  }

  @Nullable Redirection redirection() {
    return redirection;
  }

  /** What Fairlead answers itself. */
  @Nullable LocalAnswer response() {
    return response;
  }

  /** Which answers are packed; null: none. */
  @Nullable Compression compression() {
    return compression;
  }

  /** Bytes of a request body. */
  long maxBody(HttpLimits ofListener) {
    return config.bodyBytes() == RouteConfig.AS_LISTENER
        ? ofListener.bodyBytes()
        : config.bodyBytes();
  }

  /** How to connect to nodes of that target. */
  UpstreamConfig upstream(ServiceTarget target) {
    UpstreamConfig upstream = target.upstream();
    Duration connect = config.timeouts().connect();
    return connect.isZero() ? upstream : upstream.withConnectTimeout(connect);
  }

  long timeoutNanos() {
    return timeoutNanos;
  }

  /** 0 is the most important. */
  int importance() {
    return importance;
  }

  RetryPolicy retry() {
    return retry;
  }

  /** For the request's body; 0: no bound. */
  long requestBodyNanos() {
    return requestBodyNanos;
  }

  /** Without a byte; 0: as the listener says. */
  long idleNanos() {
    return idleNanos;
  }

  /** Without a byte, for WebSockets; 0: no bound. */
  long tunnelIdleNanos(HttpPolicy policy) {
    WebSocketConfig said = config.webSocket();
    if (!said.idleTimeout().isZero()) {
      return said.idleTimeout().toNanos();
    }
    if (!said.pingInterval().isZero()) {
      return 0; // whether anybody is there is found out otherwise
    }
    return idleNanos > 0 ? idleNanos : policy.idleNanos();
  }

  /** For all of it; 0: no bound. */
  long totalNanos() {
    return totalNanos;
  }

  /** Whether whoever has this address may ask. */
  static final class Access {
    static final Access OPEN = new Access(AccessConfig.OPEN);

    private final Networks allow;
    private final Networks deny;

    static Access of(AccessConfig config) {
      return config.equals(AccessConfig.OPEN) ? OPEN : new Access(config);
    }

    private Access(AccessConfig config) {
      allow = Networks.of(config.allow());
      deny = Networks.of(config.deny());
    }

    boolean allows(Head request) {
      return (allow.isEmpty() || allow.contains(request.clientHigh, request.clientLow))
          && (deny.isEmpty() || !deny.contains(request.clientHigh, request.clientLow));
    }
  }
}
