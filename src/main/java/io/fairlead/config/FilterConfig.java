package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A class of somebody else's that looks at the requests of routes that name it.
 *
 * @param name by which routes name it
 * @param jar file that the class is in, with all that it needs beside the JDK
 * @param factory full name of the class that makes the filter
 * @param settings what it is told, in the order of the file
 * @param folder of the configuration file
 * @param onError what becomes of a request about which the filter could not decide
 * @param timeout for one decision of a filter that may wait
 * @param requests that a filter that may wait decides about at once; 1 to 100,000
 * @param services that it may send requests to
 */
public record FilterConfig(
    String name,
    Path jar,
    String factory,
    Map<String, String> settings,
    Path folder,
    OnError onError,
    Duration timeout,
    int requests,
    List<String> services) {
  static final Range<Duration> TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofMinutes(1));
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(1);
  static final Range<Integer> REQUESTS = Range.counts(1, 100_000);
  static final int DEFAULT_REQUESTS = 1000;

  /** In a file. */
  static final int MOST = 100;

  static final int MOST_SETTINGS = 256;
  static final int MOST_SERVICES = 100;

  /** Of one route. */
  static final int MOST_OF_ROUTE = 16;

  static final String CLASS_PATTERN =
      "[A-Za-z_$][A-Za-z0-9_$]{0,127}(\\.[A-Za-z_$][A-Za-z0-9_$]{0,127}){0,31}";

  /** What becomes of a request about which the filter could not decide. */
  public enum OnError {
    /** It is turned away. */
    REFUSE,
    /** It goes on as if there were no such filter. */
    PASS
  }

  public FilterConfig {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    services = List.copyOf(services);
    new Require()
        .unless(Syntax.name(name), List.of(), name)
        .unless(className(factory), List.of("class"), factory)
        .within(TIMEOUT, "timeout", timeout)
        .within(REQUESTS, "requests", requests)
        .that(
            settings.size() <= MOST_SETTINGS,
            "settings",
            settings.size(),
            "must be at most " + MOST_SETTINGS)
        .that(
            services.size() <= MOST_SERVICES,
            "services",
            services.size(),
            "must be at most " + MOST_SERVICES)
        .orRefuse();
  }

  static @Nullable String className(String text) {
    return text.matches(CLASS_PATTERN) ? null : "must be the full name of a class";
  }
}
