package io.fairlead.replication.manage;

import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Whom Fairlead logs in as to members of a database that it manages. All passwords follow from one
 * secret, which is made once and kept in a file that nobody else may read; where the members are on
 * machines of several instances, in the state of their group, too.
 */
final class Logins {
  /** Who may do everything. */
  static final String ADMIN = "postgres";

  /** Who replicates. */
  static final String REPLICATION = "fairlead_replication";

  /** Of MariaDB: who may do everything. */
  static final String GALERA_ADMIN = "fairlead_admin";

  /** Of MariaDB: as whom a member is copied. */
  static final String GALERA_SST = "fairlead_sst";

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
      Logins logins = new Logins(made);
      logins.keep(file);
      return logins;
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is no secret that Fairlead made", e);
    }
  }

  /**
   * Of a secret that {@link #text} told.
   *
   * @throws IOException if it did not
   */
  static Logins parse(String text) throws IOException {
    try {
      return new Logins(HexFormat.of().parseHex(text));
    } catch (IllegalArgumentException e) {
      throw new IOException("the group keeps no secret that Fairlead made", e);
    }
  }

  /** The secret itself: for the group's state, and for nobody else. */
  String text() {
    return HexFormat.of().formatHex(secret);
  }

  /** Puts it into a file that nobody else may read, instead of any that is there. */
  void keep(Path file) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(next);
    Files.createFile(
        next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(next, text() + "\n");
    Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
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
