package io.fairlead.admin;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of the page, read once from the jar. */
final class DashboardFiles {
  /**
   * Only what comes from this door may be loaded, run or asked; nothing may frame the page, and it
   * can send a form nowhere. A name that somebody gave a node can then do no harm even if it were
   * ever taken for markup.
   */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final Map<String, String> FILES =
      Map.of(
          "/", "index.html",
          "/dashboard.css", "dashboard.css",
          "/dashboard.js", "dashboard.js",
          "/icon.svg", "icon.svg");

  private final Map<String, Answer> answers = new HashMap<>();

  DashboardFiles() {
    FILES.forEach((path, file) -> answers.put(path, load(file)));
  }

  /** The file at that path, or null. */
  @Nullable Answer find(String path) {
    return answers.get(path);
  }

  private static Answer load(String file) {
    try (InputStream in = DashboardFiles.class.getResourceAsStream("/dashboard/" + file)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks dashboard/" + file);
      }
      return new Answer.Whole(
          200,
          type(file),
          in.readAllBytes(),
          Map.of(
              "Content-Security-Policy", POLICY,
              "Referrer-Policy", "no-referrer",
              "Cross-Origin-Opener-Policy", "same-origin",
              "Cache-Control", "no-cache"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String type(String file) {
    return switch (file.substring(file.lastIndexOf('.') + 1)) {
      case "html" -> "text/html; charset=utf-8";
      case "css" -> "text/css; charset=utf-8";
      case "js" -> "text/javascript; charset=utf-8";
      default -> "image/svg+xml";
    };
  }
}
