package io.fairlead.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Secrets stand in the file itself or, as {@code file:PATH}, in a file beside it. */
final class Secrets {
  static final int MAX_BYTES = 64 * 1024;
  private static final String FILE = "file:";

  private Secrets() {}

  static Secret read(String text, Path folder) {
    if (!text.startsWith(FILE)) {
      return new Secret(text);
    }
    try (InputStream in = Files.newInputStream(folder.resolve(text.substring(FILE.length())))) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw Require.refusal("names a file of more than " + Units.size(MAX_BYTES));
      }
      String content =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      int end = content.length();
      if (end > 0 && content.charAt(end - 1) == '\n') {
        end -= end > 1 && content.charAt(end - 2) == '\r' ? 2 : 1;
      }
      return new Secret(content.substring(0, end));
    } catch (NoSuchFileException e) {
      throw Require.refusal("names a file that does not exist");
    } catch (CharacterCodingException e) {
      throw Require.refusal("names a file that is not UTF-8 text");
    } catch (IOException | InvalidPathException e) {
      throw Require.refusal("names a file that cannot be read");
    }
  }
}
