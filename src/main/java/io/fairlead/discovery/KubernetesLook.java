package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.trust.JsonHttp;
import io.fairlead.trust.KubernetesCluster;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Endpoints of a service in Kubernetes: its slices are listed once and then watched [1]. Where the
 * watch does not go on from (410), or something else is wrong with it, they are listed anew.
 *
 * <p>A watch ends by itself every minute and goes on from where it was; one that is silent for
 * longer is taken for dead. Where watches end at once, slices are listed every few seconds instead.
 *
 * <p>[1] Kubernetes API Concepts, Efficient detection of changes.
 */
final class KubernetesLook implements SourceLook {
  private static final Duration WATCH = Duration.ofSeconds(55);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Changes that come together are looked at together. */
  private static final Duration SOON = Duration.ofMillis(100);

  private static final Duration PACE = Duration.ofSeconds(1);
  private static final int LONGEST_PACE = 5;
  private static final int GONE = 410;
  private static final int UNKNOWN = 404;
  private static final String GROUP = "/apis/discovery.k8s.io/";

  /** The one of Kubernetes 1.21 and newer. */
  private static final String NEW = GROUP + "v1";

  /** The one of 1.17 to 1.24. */
  private static final String OLD = GROUP + "v1beta1";

  private final DiscoverSource.Kubernetes config;
  private final KubernetesCluster cluster;
  private final Duration watchFor;
  private final Duration patience;
  private final TreeMap<String, KubernetesSlice> slices = new TreeMap<>();
  private String api = NEW;
  private String version = "";
  private int shortWatches;
  private volatile @Nullable Watch watch;
  private volatile boolean closed;

  KubernetesLook(DiscoverSource.Kubernetes config) {
    this(config, System::getenv, WATCH, PATIENCE);
  }

  KubernetesLook(
      DiscoverSource.Kubernetes config,
      Function<String, @Nullable String> environment,
      Duration watchFor,
      Duration patience) {
    this.config = config;
    this.cluster = new KubernetesCluster(config.cluster(), environment);
    this.watchFor = watchFor;
    this.patience = patience;
  }

  /** One that is open. */
  private static final class Watch {
    final BufferedInputStream in;
    final CompletableFuture<Void> end;
    final long begun = System.nanoTime();
    boolean heard;
    volatile boolean late;

    Watch(InputStream stream, Duration most) {
      in = new BufferedInputStream(stream);
      end =
          CompletableFuture.runAsync(
              () -> {
                late = true;
                close();
              },
              CompletableFuture.delayedExecutor(most.toMillis(), TimeUnit.MILLISECONDS));
    }

    /** The next line; null: it has ended. */
    byte @Nullable [] line() throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b = in.read(); b >= 0; b = in.read()) {
        if (b == '\n') {
          return line.toByteArray();
        }
        line.write(b);
        if (line.size() > JsonHttp.MOST_BYTES) {
          throw new IOException("tells of more than " + JsonHttp.MOST_BYTES + " bytes at once");
        }
      }
      if (line.size() > 0) {
        throw new IOException("the watch is cut off");
      }
      return null;
    }

    void close() {
      end.cancel(false);
      try {
        in.close();
      } catch (IOException e) {
        // It is of no more use in any case.
      }
    }
  }

  @Override
  public Found lookAnew() throws IOException {
    endWatch();
    version = "";
    return look();
  }

  @Override
  public Found look() throws IOException {
    try {
      return version.isEmpty() ? list() : follow();
    } catch (IOException | RuntimeException e) {
      endWatch();
      version = "";
      throw e;
    }
  }

  private Found list() throws IOException {
    JsonNode list = ask();
    JsonNode items = list.path("items");
    String now = list.path("metadata").path("resourceVersion").asString("");
    if ((!items.isArray() && !items.isNull()) || now.isEmpty()) {
      throw new IOException("what it answers is no list of slices");
    }
    slices.clear();
    for (JsonNode item : items) {
      put(item);
    }
    version = now;
    Duration pause = shortWatches == 0 ? Duration.ZERO : PACE.multipliedBy(shortWatches);
    return found(pause);
  }

  /** In the newest form that the server has. */
  private JsonNode ask() throws IOException {
    api = NEW;
    try {
      return cluster.http().get(path(), cluster.fields(), patience).json();
    } catch (JsonHttp.Refused e) {
      if (e.status() != UNKNOWN) {
        throw e;
      }
    }
    api = OLD;
    try {
      return cluster.http().get(path(), cluster.fields(), patience).json();
    } catch (JsonHttp.Refused e) {
      throw e.status() == UNKNOWN
          ? new IOException(
              "has no EndpointSlices, of neither discovery.k8s.io/v1 nor v1beta1 (status 404)", e)
          : e;
    }
  }

  private Found follow() throws IOException {
    Watch present = watch;
    if (present == null) {
      try {
        present = open();
      } catch (JsonHttp.Refused e) {
        if (e.status() == GONE || e.status() == UNKNOWN) { // the latter after an upgrade
          return list();
        }
        throw e;
      }
    }
    boolean changed = false;
    while (!changed || present.in.available() > 0) {
      byte[] line;
      try {
        line = present.line();
      } catch (IOException e) {
        throw present.late ? silent() : e;
      }
      if (line == null) {
        if (present.late) {
          throw silent();
        }
        return ended(present);
      }
      JsonNode event = JsonHttp.parse(line);
      JsonNode object = event.path("object");
      present.heard = true;
      switch (event.path("type").asString("")) {
        case "ADDED", "MODIFIED" -> {
          put(object);
          changed = true;
        }
        case "DELETED" -> {
          slices.remove(name(object));
          changed = true;
        }
        case "BOOKMARK" -> {}
        case "ERROR" -> {
          endWatch();
          if (object.path("code").asInt(0) == GONE) {
            return list();
          }
          throw new IOException("ends the watch with status " + object.path("code").asInt(0));
        }
        default -> throw new IOException("what the watch tells is no event");
      }
      version = object.path("metadata").path("resourceVersion").asString(version);
    }
    shortWatches = 0;
    return found(SOON);
  }

  private static IOException silent() {
    return new IOException("the watch does not end in time");
  }

  private Found ended(Watch present) throws IOException {
    endWatch();
    if (!present.heard && System.nanoTime() - present.begun < PACE.toNanos()) {
      shortWatches = Math.min(shortWatches + 1, LONGEST_PACE);
      version = ""; // it tells of nothing: listed next time
    } else {
      shortWatches = 0;
    }
    return found(PACE);
  }

  private Watch open() throws IOException {
    String question =
        path()
            + "&watch=1&allowWatchBookmarks=true&timeoutSeconds="
            + Math.max(1, watchFor.toSeconds())
            + "&resourceVersion="
            + JsonHttp.encoded(version);
    Watch opened =
        new Watch(
            cluster.http().open(question, cluster.fields(), patience), watchFor.plus(patience));
    watch = opened;
    if (closed) { // meanwhile
      endWatch();
      throw new IOException("asked no more");
    }
    return opened;
  }

  private void endWatch() {
    Watch present = watch;
    watch = null;
    if (present != null) {
      present.close();
    }
  }

  private void put(JsonNode slice) throws IOException {
    String name = name(slice);
    if (name.isEmpty()) {
      throw new IOException("a slice without a name");
    }
    if (slices.size() >= Named.MOST && !slices.containsKey(name)) {
      throw new IOException("names more than " + Named.MOST + " slices");
    }
    slices.put(name, KubernetesSlice.of(slice, config.port()));
  }

  private static String name(JsonNode slice) {
    return slice.path("metadata").path("name").asString("");
  }

  /**
   * Of a service with addresses of both kinds each pod has one of each: those of the first count.
   */
  private Found found(Duration again) throws IOException {
    boolean four = slices.values().stream().anyMatch(slice -> slice.isIpv4() && !slice.isEmpty());
    Named named = new Named();
    for (boolean draining : new boolean[] {false, true}) {
      for (Map.Entry<String, KubernetesSlice> slice : slices.entrySet()) {
        if (slice.getValue().isIpv4() || !four) {
          slice.getValue().name(named, "slice " + slice.getKey(), draining);
        }
      }
    }
    return named.found(again);
  }

  private String path() throws IOException {
    return cluster.path(api)
        + "/endpointslices?labelSelector="
        + JsonHttp.encoded("kubernetes.io/service-name=" + config.service());
  }

  @Override
  public void close() {
    closed = true;
    cluster.close();
    Watch open = watch;
    if (open != null) {
      open.close();
    }
  }
}
