package io.fairlead.extension;

import io.fairlead.config.FilterConfig;
import io.fairlead.filter.FilterApi;
import io.fairlead.filter.FilterFactory;
import io.fairlead.filter.FilterSettings;
import io.fairlead.filter.QuickFilter;
import io.fairlead.filter.RequestFilter;
import io.fairlead.filter.SettingsRefused;
import io.fairlead.filter.WaitingFilter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Makes the filters of a configuration, as far as those there are will not do: one whose jar and
 * words are what they were stays, and of one jar there is one class loader.
 */
public final class FilterLoader {
  /** For a factory to make a filter. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final int MOST_WORDS = 300;

  private final int loops;
  private final Map<String, JarClasses> byDigest = new HashMap<>();
  private final Map<Path, JarClasses> read = new HashMap<>();
  private final Map<String, LoadedFilter> known;

  /**
   * Once for each configuration.
   *
   * @param known those in force
   * @param loops event loops that ask
   */
  public FilterLoader(Collection<LoadedFilter> known, int loops) {
    this.loops = loops;
    this.known = new HashMap<>();
    for (LoadedFilter filter : known) {
      this.known.put(filter.config().name(), filter);
      byDigest.put(filter.classes().digest(), filter.classes());
    }
  }

  /** The filter of that name, made anew unless the one there is will do. */
  public LoadedFilter load(FilterConfig config) throws FilterRefused {
    JarClasses classes = classes(config);
    LoadedFilter before = known.get(config.name());
    if (before != null && isSame(before, config, classes)) {
      return before;
    }
    FilterStats stats = before != null ? before.stats() : new FilterStats(loops);
    return new LoadedFilter(config, make(config, classes), classes, stats, loops);
  }

  @SuppressWarnings("ReferenceEquality") // of one jar there is one
  private static boolean isSame(LoadedFilter before, FilterConfig config, JarClasses classes) {
    return before.config().equals(config) && before.classes() == classes;
  }

  private static List<String> path(FilterConfig config, String... keys) {
    List<String> path = new ArrayList<>(List.of("filters", config.name()));
    path.addAll(List.of(keys));
    return path;
  }

  private JarClasses classes(FilterConfig config) throws FilterRefused {
    JarClasses found = read.get(config.jar());
    if (found != null) {
      return found;
    }
    String why;
    try (InputStream in = Files.newInputStream(config.jar())) {
      byte[] bytes = in.readNBytes(JarClasses.MOST_BYTES + 1);
      if (bytes.length <= JarClasses.MOST_BYTES) {
        String digest = digest(bytes);
        JarClasses same = byDigest.get(digest);
        JarClasses classes =
            same != null
                ? same
                : JarClasses.of(config.jar().getFileName().toString(), bytes, digest);
        byDigest.put(digest, classes);
        read.put(config.jar(), classes);
        return classes;
      }
      why = "is longer than 64 MiB";
    } catch (NoSuchFileException _) {
      why = "there is no such file";
    } catch (AccessDeniedException _) {
      why = "access is denied";
    } catch (IOException e) {
      why = Files.isDirectory(config.jar()) ? "it is a folder" : "it " + e.getMessage();
    }
    throw new FilterRefused(
        path(config, "jar"), "must be a jar that can be read; " + why, config.jar().toString());
  }

  private static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Has it made by a thread of its own, which may hang or fail in any way. */
  private static RequestFilter make(FilterConfig config, JarClasses classes) throws FilterRefused {
    CompletableFuture<RequestFilter> made = new CompletableFuture<>();
    Thread thread =
        Thread.ofVirtual()
            .name("filter " + config.name())
            .unstarted(() -> {
              Thread.currentThread().setContextClassLoader(classes);
              try {
                if (!made.complete(create(config, classes))) {
                  throw new IllegalStateException("too late");
                }
              } catch (Throwable e) { // whatever it is, it is told as what is wrong with the filter
                made.completeExceptionally(e);
              }
            });
    thread.start();
    try {
      return made.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw refused(config, e.getCause() == null ? e : e.getCause());
    } catch (TimeoutException _) {
      made.completeExceptionally(new IllegalStateException("too late"));
      thread.interrupt();
      throw new FilterRefused(
          path(config, "class"),
          "must make its filter within " + PATIENCE.toSeconds() + " s",
          config.factory());
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
      throw new FilterRefused(path(config), "cannot be made: the instance stops", null);
    }
  }

  private static FilterRefused refused(FilterConfig config, Throwable why) {
    return switch (why) {
      case FilterRefused refused -> refused;
      case SettingsRefused refused ->
          new FilterRefused(
              refused.setting().isEmpty()
                  ? path(config, "settings")
                  : path(config, "settings", refused.setting()),
              words(refused.rule()),
              config.settings().get(refused.setting()));
      default ->
          new FilterRefused(
              path(config, "class"), "must make a filter; " + words(why), config.factory());
    };
  }

  private static RequestFilter create(FilterConfig config, JarClasses classes)
      throws FilterRefused, SettingsRefused {
    FilterFactory factory = factory(config, classes);
    int version = factory.apiVersion();
    if (version != FilterApi.VERSION) {
      throw new FilterRefused(
          path(config, "class"),
          "must be compiled against version "
              + FilterApi.VERSION
              + " of io.fairlead.filter, and is against "
              + version,
          config.factory());
    }
    RequestFilter filter = factory.create(new FilterSettings(config.settings(), config.folder()));
    if (filter == null) {
      throw new FilterRefused(
          path(config, "class"), "must make a filter, and makes none", config.factory());
    }
    if (filter instanceof QuickFilter && filter instanceof WaitingFilter) {
      throw new FilterRefused(
          path(config, "class"),
          "must make a quick filter or one that may wait, and not both in one",
          config.factory());
    }
    return filter;
  }

  private static FilterFactory factory(FilterConfig config, JarClasses classes)
      throws FilterRefused {
    String name = config.factory();
    try {
      Object made = Class.forName(name, true, classes).getConstructor().newInstance();
      if (made instanceof FilterFactory factory) {
        return factory;
      }
      throw new FilterRefused(
          path(config, "class"), "must be an io.fairlead.filter.FilterFactory", name);
    } catch (ClassNotFoundException _) {
      List<String> there = classes.classNames();
      throw new FilterRefused(
          path(config, "class"),
          "must be a class in "
              + config.jar().getFileName()
              + (there.isEmpty() || there.size() > 10
                  ? ""
                  : ", which has " + String.join(", ", there)),
          name);
    } catch (NoSuchMethodException | IllegalAccessException | InstantiationException _) {
      throw new FilterRefused(
          path(config, "class"),
          "must be a public class with a public constructor without parameters",
          name);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause();
      throw new FilterRefused(
          path(config, "class"), "must make a filter; " + words(cause == null ? e : cause), name);
    }
  }

  /** Short, in one line. */
  public static String words(Throwable why) {
    String said;
    try {
      said = why.getMessage();
    } catch (RuntimeException | Error _) { // it may be a class of theirs
      said = null;
    }
    return words(why.getClass().getName() + (said == null ? "" : ": " + said));
  }

  private static String words(@Nullable String text) {
    String line = String.valueOf(text).replaceAll("\\p{Cntrl}+", " ").strip();
    return line.length() > MOST_WORDS ? line.substring(0, MOST_WORDS) + "..." : line;
  }
}
