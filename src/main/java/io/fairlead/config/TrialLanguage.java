package io.fairlead.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The part of {@link Language} that speaks of what is tried out with the requests of a route. Read
 * from the bottom: {@link #KEYS} is the whole.
 */
final class TrialLanguage {
  private static final Scalar<Double> SHARE = Scalar.parsed("share", Portion::share);

  private static final Key<String> SERVICE =
      Key.required("service", RouteLanguage.SERVICE_NAME, "Who gets the copies.", "shop-next");
  private static final Key<Double> MIRROR_SHARE =
      Key.of(
          "share", SHARE, MirrorConfig.DEFAULT_SHARE, "100%", "Of the requests, by chance.", "10%");
  private static final Key<List<String>> METHODS =
      Key.of(
          "methods",
          new ListOf<>("methods", Scalar.text("method", Syntax.METHOD_PATTERN, Syntax::method)),
          MirrorConfig.DEFAULT_METHODS,
          "[GET, HEAD, OPTIONS]",
          "What is copied. Other methods only where it does no harm that the same happens twice, as"
              + " with a service that has data of its own.",
          "[GET, HEAD, POST]");
  private static final Key<Integer> BODY_BYTES =
      Key.of(
          "body-bytes",
          Scalar.intSize(MirrorConfig.BODY_BYTES),
          MirrorConfig.DEFAULT_BODY_BYTES,
          "64KiB",
          "Of a request's body; there is no copy of a request with a longer one.",
          "256KiB");
  private static final Key<Integer> REQUESTS =
      Key.of(
          "requests",
          Scalar.count(MirrorConfig.REQUESTS),
          MirrorConfig.DEFAULT_REQUESTS,
          "Copies on their way at once; of further requests there is none.",
          "20");
  private static final Key<Duration> TIMEOUT =
      Key.of(
          "timeout",
          Scalar.duration(MirrorConfig.TIMEOUT),
          MirrorConfig.DEFAULT_TIMEOUT,
          "For a copy, to the last byte of its answer.",
          "2s");

  private static final Obj<MirrorConfig> MIRROR =
      new Obj<>(
          "mirror",
          "Copies of requests for another service, whose answers are read and thrown away. Clients"
              + " never wait for a copy and see nothing of it.",
          List.of(SERVICE, MIRROR_SHARE, METHODS, BODY_BYTES, REQUESTS, TIMEOUT),
          List.of(),
          null,
          (values, _) ->
              new MirrorConfig(
                  values.get(SERVICE),
                  values.get(MIRROR_SHARE),
                  values.get(METHODS),
                  values.get(BODY_BYTES),
                  values.get(REQUESTS),
                  values.get(TIMEOUT)));

  private static final Key<MirrorConfig> ROUTE_MIRROR =
      Key.computed(
          "mirror",
          MIRROR,
          "none",
          "Who gets copies of the requests.",
          "{ service: shop-next, share: 10% }");

  private static final Key<Duration> DELAY =
      Key.computed(
          "delay",
          Scalar.duration(FaultConfig.DELAY),
          "none",
          "By which a request is held before anything is done about it; shorter than the route's"
              + " `timeout` and `timeouts.total`.",
          "200ms");
  private static final Key<Double> DELAY_SHARE =
      Key.computed(
          "delay-share",
          SHARE,
          "100%; 0% where `header` is given",
          "Of the requests, by chance.",
          "5%");
  private static final Key<Integer> ABORT =
      Key.computed(
          "abort",
          Scalar.count(FaultConfig.ABORT),
          "none",
          "Status with which a request is answered by Fairlead, behind its delay if it has one.",
          "503");
  private static final Key<Double> ABORT_SHARE =
      Key.computed(
          "abort-share",
          SHARE,
          "100%; 0% where `header` is given",
          "Of the requests, by chance.",
          "1%");
  private static final Key<String> FAULT_HEADER =
      Key.computed(
          "header",
          Scalar.text(
              "field name", null, text -> text.toLowerCase(Locale.ROOT), Syntax::headerName),
          "clients may not ask",
          "Field in which any client may ask for a fault: `delay`, `abort` or `delay, abort`.",
          "x-fault");
  private static final Key<Integer> DELAYED =
      Key.of(
          "delayed",
          Scalar.count(FaultConfig.DELAYED),
          FaultConfig.DEFAULT_DELAYED,
          "Requests that are held at once; further ones go on without delay.",
          "1000");

  private static final Obj<FaultConfig> FAULT =
      new Obj<>(
          "fault",
          "Faults made on purpose, so that clients can be tried with them. They say nothing of nodes"
              + " and open no incident.",
          List.of(DELAY, DELAY_SHARE, ABORT, ABORT_SHARE, FAULT_HEADER, DELAYED),
          List.of(),
          null,
          (values, _) -> fault(values));

  private static final Key<FaultConfig> ROUTE_FAULT =
      Key.computed(
          "fault",
          FAULT,
          "none",
          "What goes wrong on purpose.",
          "{ delay: 200ms, delay-share: 5%, abort: 503, abort-share: 1% }");

  /** Those of a route. */
  static final List<Key<?>> KEYS = List.of(ROUTE_MIRROR, ROUTE_FAULT);

  private TrialLanguage() {}

  static TrialConfig read(Values values) {
    return new TrialConfig(
        Optional.ofNullable(values.find(ROUTE_MIRROR)),
        Optional.ofNullable(values.find(ROUTE_FAULT)));
  }

  private static FaultConfig fault(Values values) {
    Duration delay = values.find(DELAY);
    Integer abort = values.find(ABORT);
    Double delayShare = values.find(DELAY_SHARE);
    Double abortShare = values.find(ABORT_SHARE);
    String header = values.find(FAULT_HEADER);
    new Require()
        .that(
            delayShare == null || delay != null,
            "delay-share",
            null,
            "must not be given without delay")
        .that(
            abortShare == null || abort != null,
            "abort-share",
            null,
            "must not be given without abort")
        .orRefuse();
    double unsaid = header == null ? 1 : 0;
    return new FaultConfig(
        delay == null ? Duration.ZERO : delay,
        delayShare == null ? unsaid : delayShare,
        abort == null ? 0 : abort,
        abortShare == null ? unsaid : abortShare,
        header == null ? "" : header,
        values.get(DELAYED));
  }
}
