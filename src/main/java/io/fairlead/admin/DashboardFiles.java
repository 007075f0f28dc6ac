package io.fairlead.admin;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** The files of the page, read once from the jar and compressed once. */
final class DashboardFiles {
  /**
   * Only what comes from this door may be loaded, run or asked; nothing may frame the page, and it
   * can send a form nowhere. A name that somebody gave a node can then do no harm even if it were
   * ever taken for markup.
   */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
          + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final String PAGE = "index.html";

  private static final List<String> OWN =
      List.of(
          PAGE,
          "alerts.js",
          "config.js",
          "app.js",
          "chart.js",
          "clients.js",
          "cluster.js",
          "dashboard.css",
          "format.js",
          "heat.js",
          "icon.svg",
          "incidents.js",
          "net.js",
          "node-table.js",
          "nodes.js",
          "now.js",
          "parts.js",
          "records.js",
          "routes.js",
          "sql.js",
          "theme.js",
          "url.js",
          "why.js");

  /** Of others, as the build takes them out of their packages. */
  private static final List<String> LIBRARIES =
      List.of(
          "lit-html/directive-helpers.js",
          "lit-html/directive.js",
          "lit-html/directives/repeat.js",
          "lit-html/lit-html.js",
          "uplot/uPlot.iife.min.js",
          "uplot/uPlot.min.css");

  private final Map<String, Answer> plain = new HashMap<>();
  private final Map<String, Answer> compressed = new HashMap<>();

  DashboardFiles() {
    for (String file : OWN) {
      load(file.equals(PAGE) ? "/" : "/" + file, "/dashboard/" + file);
    }
    for (String file : LIBRARIES) {
      load("/libraries/" + file, "/libraries/" + file);
    }
  }

  /** What can be asked for. */
  Set<String> paths() {
    return plain.keySet();
  }

  /**
   * The file at that path, or null.
   *
   * @param accepted the encodings that the request accepts, or null
   */
  @Nullable Answer find(String path, @Nullable String accepted) {
    boolean gzip = accepted != null && accepted.toLowerCase(Locale.ROOT).contains("gzip");
    return (gzip ? compressed : plain).get(path);
  }

  private void load(String path, String resource) {
    try (InputStream in = DashboardFiles.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + resource.substring(1));
      }
      byte[] whole = in.readAllBytes();
      plain.put(path, answer(resource, whole, Map.of()));
      compressed.put(path, answer(resource, gzip(whole), Map.of("Content-Encoding", "gzip")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Answer answer(String file, byte[] body, Map<String, String> more) {
    Map<String, String> fields = new HashMap<>(more);
    fields.put("Content-Security-Policy", POLICY);
    fields.put("Referrer-Policy", "no-referrer");
    fields.put("Cross-Origin-Opener-Policy", "same-origin");
    fields.put("Cache-Control", "no-cache");
    fields.put("Vary", "Accept-Encoding");
    return new Answer.Whole(200, type(file), body, Map.copyOf(fields));
  }

  private static byte[] gzip(byte[] whole) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(whole.length / 2);
    try (GZIPOutputStream out = new BestGzip(packed)) {
      out.write(whole);
    }
    return packed.toByteArray();
  }

  /** Takes a little longer, once. */
  private static final class BestGzip extends GZIPOutputStream {
    BestGzip(ByteArrayOutputStream out) throws IOException {
      super(out);
      def.setLevel(Deflater.BEST_COMPRESSION);
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
