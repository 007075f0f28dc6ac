package io.fairlead.identity;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Users and hashes of their passwords, from a file as {@code htpasswd -B} writes it: {@code
 * NAME:HASH} in each line, hashes by bcrypt. Empty lines and those that begin with {@code #} say
 * nothing.
 *
 * <p>Other hashes are refused and not ignored: whoever is in the file is meant to get in, and one
 * by MD5, SHA-1 or DES is found out in hours by whoever gets hold of the file.
 */
public final class UserFile {
  private static final int MAX_BYTES = 1024 * 1024;
  private static final int MAX_NAME = 255;

  /** 2^15 rounds: a second or two of a processor. More is a mistake that would stop everybody. */
  private static final Pattern BCRYPT =
      Pattern.compile("\\$2[aby]\\$(0[4-9]|1[0-5])\\$[./A-Za-z0-9]{53}");

  private final Path path;
  private volatile Users users;

  /**
   * As of one reading.
   *
   * @param hashes by name
   * @param dearest the hash that takes longest: what a password is compared with where there is no
   *     such user, so that nobody learns from the time it takes who is one
   * @param version the number of the reading
   */
  record Users(Map<String, String> hashes, String dearest, int version) {}

  private UserFile(Path path, Users users) {
    this.path = path;
    this.users = users;
  }

  /**
   * Reads it.
   *
   * @throws IOException naming the file, the line and what is wrong with it
   */
  public static UserFile read(Path path) throws IOException {
    return new UserFile(path, users(path, 0));
  }

  /** Reads it again, one thread at a time; what was there before stays if anything is wrong. */
  public void readAgain() throws IOException {
    users = users(path, users.version() + 1);
  }

  public Path path() {
    return path;
  }

  /** How many users there are. */
  public int count() {
    return users.hashes().size();
  }

  Users users() {
    return users;
  }

  private static Users users(Path path, int version) throws IOException {
    Map<String, String> hashes = new HashMap<>();
    String dearest = "";
    String[] lines = text(path).split("\n", -1);
    for (int i = 0; i < lines.length; i++) {
      String line = lines[i].strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String place = path + ":" + (i + 1) + ": ";
      int colon = line.indexOf(':');
      String name = line.substring(0, Math.max(colon, 0));
      String hash = line.substring(colon + 1);
      // Never the line itself: what is wrong with it may be that it has a password in it.
      if (colon < 1) {
        throw new IOException(place + "must be NAME:HASH");
      }
      if (name.length() > MAX_NAME || name.chars().anyMatch(Character::isISOControl)) {
        throw new IOException(
            place + "a name must have at most " + MAX_NAME + " characters, no control characters");
      }
      if (!BCRYPT.matcher(hash).matches()) {
        throw new IOException(
            place
                + "the hash of "
                + name
                + " must be one by bcrypt with a cost from 4 to 15, as htpasswd -B makes it");
      }
      if (hashes.put(name, hash) != null) {
        throw new IOException(place + name + " must be there once, but is twice");
      }
      if (dearest.isEmpty() || cost(hash) > cost(dearest)) {
        dearest = hash;
      }
    }
    if (hashes.isEmpty()) {
      throw new IOException(path + ": must have a user in it");
    }
    return new Users(Map.copyOf(hashes), dearest, version);
  }

  private static int cost(String hash) {
    return Integer.parseInt(hash.substring(4, 6));
  }

  private static String text(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IOException(path + ": must be at most 1 MiB long");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException(path + ": must be UTF-8 text", e);
    } catch (java.nio.file.NoSuchFileException e) {
      throw new IOException(path + ": there is no such file", e);
    }
  }
}
