package io.fairlead.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The body of an answer that Fairlead makes itself, read together with the configuration.
 *
 * @param type value of {@code content-type}; empty: there is no body
 * @param bytes at most {@value #MAX_BYTES}
 */
public record Content(String type, Bytes bytes) {
  /** Of one body: it is held in memory, and written in one piece. */
  static final int MAX_BYTES = 1024 * 1024;

  static final String TEXT = "text/plain; charset=utf-8";

  public static final Content NONE = new Content("", Bytes.EMPTY);

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "htm", "text/html; charset=utf-8",
          "json", "application/json",
          "txt", TEXT,
          "xml", "application/xml",
          "svg", "image/svg+xml",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8");

  public Content {
    Require require =
        new Require()
            .that(
                bytes.length() <= MAX_BYTES,
                "body",
                Units.size(bytes.length()),
                "must be at most " + Units.size(MAX_BYTES));
    if (!type.isEmpty()) {
      require.unless(Syntax.headerValue(type), List.of("content-type"), type);
    }
    require.orRefuse();
  }

  static Content text(String text) {
    return new Content(TEXT, new Bytes(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** Reads a file; its ending says what it is. */
  static Content read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw Require.refusal("names a file of more than " + Units.size(MAX_BYTES));
      }
      return new Content(typeOf(file), new Bytes(bytes));
    } catch (NoSuchFileException e) {
      throw Require.refusal("names a file that does not exist");
    } catch (IOException e) {
      throw Require.refusal("names a file that cannot be read");
    }
  }

  Content withType(String other) {
    return new Content(other, bytes);
  }

  private static String typeOf(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return TYPES.getOrDefault(
        name.substring(name.lastIndexOf('.') + 1), "application/octet-stream");
  }
}
