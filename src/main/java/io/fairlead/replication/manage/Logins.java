package io.fairlead.replication.manage;

import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Whom Fairlead logs in as to members of a database that it manages. All passwords follow from one
 * secret, which is made once and kept in a file that nobody else may read.
 */
final class Logins {
  /** Who may do everything. */
  static final String ADMIN = "postgres";

  /** Who replicates. */
  static final String REPLICATION = "fairlead_replication";

  private static final int BYTES = 32;
  private final byte[] secret;

  private Logins(byte[] secret) {
    this.secret = secret;
  }

  /** Reads the secret, or makes one. */
  static Logins of(Path file, SecureRandom random) throws IOException {
    try {
      return new Logins(HexFormat.of().parseHex(Files.readString(file).strip()));
    } catch (NoSuchFileException _) {
      byte[] made = new byte[BYTES];
      random.nextBytes(made);
      Path next = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(next);
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(next, HexFormat.of().formatHex(made) + "\n");
      Files.move(next, file);
      return new Logins(made);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is no secret that Fairlead made", e);
    }
  }

  Secret password(String user) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return new Secret(
          HexFormat.of().formatHex(mac.doFinal(user.getBytes(StandardCharsets.UTF_8)), 0, BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
