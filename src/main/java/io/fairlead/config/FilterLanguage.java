package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The part of {@link Language} that speaks of filters. */
final class FilterLanguage {
  /** Must be the name of a filter. */
  static final Scalar<String> FILTER_NAME = Scalar.text("name", null, _ -> null);

  private static final Key<Path> JAR =
      Key.required(
          "jar",
          Scalar.path("path"),
          "File that the class is in. It is read at the start and at each change or reload of the"
              + " configuration.",
          "filters/tenants.jar");
  private static final Key<String> CLASS =
      Key.required(
          "class",
          Scalar.text("class", FilterConfig.CLASS_PATTERN, FilterConfig::className),
          "Full name of the class that makes the filter, an `io.fairlead.filter.FilterFactory`.",
          "com.example.Tenants");
  private static final Key<Map<String, String>> SETTINGS =
      Key.of(
          "settings",
          new MapOf<>("texts", MapOf.Names.OBJECT, Scalar.text("text", null, _ -> null)),
          Map.of(),
          "none",
          "What the filter is told; which settings there are, its author says.",
          "{ header: x-tenant }");
  private static final Key<FilterConfig.OnError> ON_ERROR =
      Key.of(
          "on-error",
          Scalar.word(FilterConfig.OnError.class),
          FilterConfig.OnError.REFUSE,
          "What becomes of a request when the filter fails or takes too long: `refuse` answers it"
              + " with an error, `pass` lets it go on as if there were no such filter.",
          "pass");
  private static final Key<Duration> TIMEOUT =
      Key.of(
          "timeout",
          Scalar.duration(FilterConfig.TIMEOUT),
          FilterConfig.DEFAULT_TIMEOUT,
          "For one decision of a filter that may wait.",
          "100ms");
  private static final Key<Integer> REQUESTS =
      Key.of(
          "requests",
          Scalar.count(FilterConfig.REQUESTS),
          FilterConfig.DEFAULT_REQUESTS,
          "About which a filter that may wait decides at once; for more it has failed.",
          "200");
  private static final Key<List<String>> SERVICES =
      Key.of(
          "services",
          new ListOf<>("services", RouteLanguage.SERVICE_NAME),
          List.of(),
          "none",
          "To which it may send requests instead of the service that the route names.",
          "[shop-eu, shop-us]");

  private static final Obj<FilterConfig> FILTER =
      new Obj<>(
          "filter",
          "A class of your own that looks at requests before a service gets them.",
          List.of(JAR, CLASS, SETTINGS, ON_ERROR, TIMEOUT, REQUESTS, SERVICES),
          List.of(),
          null,
          (values, spot) ->
              new FilterConfig(
                  Syntax.name(spot.segment()) == null ? spot.segment() : "unnamed",
                  values.get(JAR),
                  values.get(CLASS),
                  values.get(SETTINGS),
                  values.folder(),
                  values.get(ON_ERROR),
                  values.get(TIMEOUT),
                  values.get(REQUESTS),
                  values.get(SERVICES)));

  /** Of the file. */
  static final Key<Map<String, FilterConfig>> FILTERS =
      Key.of(
          "filters",
          new MapOf<>("filters", MapOf.Names.OBJECT, FILTER),
          Map.of(),
          "none",
          "Classes of your own that look at requests, by name; see [filters.md](filters.md).",
          "{ tenants: { jar: filters/tenants.jar, class: com.example.Tenants } }");

  /** Of a route. */
  static final Key<List<String>> ROUTE_FILTERS =
      Key.of(
          "filters",
          new ListOf<>("names", FILTER_NAME),
          List.of(),
          "none",
          "Names of filters that look at each request, one after the other, when the route has let it"
              + " in and before a service is chosen.",
          "[tenants]");

  private FilterLanguage() {}
}
