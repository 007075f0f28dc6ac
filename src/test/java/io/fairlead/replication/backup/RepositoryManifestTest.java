package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What pgBackRest writes down, and where it is. */
class RepositoryManifestTest {
  private static final String TEXT =
      """
      [backrest]
      backrest-format=5

      [backup]
      backup-archive-start="000000020000000000000005"
      backup-archive-stop="000000020000000000000006"
      backup-label="20261130-002337F_20261130-002349I"
      backup-lsn-start="0/5000028"
      backup-lsn-stop="0/6000100"
      backup-prior="20261130-002337F"
      backup-type="incr"

      [backup:db]
      db-id=1
      db-system-id=7713753596454734435
      db-version="15"

      [target:file]
      pg_data/PG_VERSION={"checksum":"587b596f04f7db9c2cad3d6b87dd2b3a05de4f35","reference":"20261130-002337F","size":3,"timestamp":1}
      pg_data/base/5/1={"size":0,"timestamp":1}
      pg_data/base/5/a={b={"checksum":"687b596f04f7db9c2cad3d6b87dd2b3a05de4f35","checksum-page":false,"size":8192,"timestamp":1}

      [target:file:default]
      group="postgres"
      """;

  @TempDir private Path folder;

  private RepositoryManifest read(String text) throws IOException {
    return RepositoryManifest.read(Files.writeString(folder.resolve("backup.manifest"), text));
  }

  @Test
  void whatACopyTakesIsRead() throws IOException {
    RepositoryManifest read = read(TEXT);
    assertThat(read.label()).isEqualTo("20261130-002337F_20261130-002349I");
    assertThat(read.prior()).isEqualTo("20261130-002337F");
    assertThat(read.system()).isEqualTo("7713753596454734435");
    assertThat(read.version()).isEqualTo(15);
    assertThat(read.timeline()).isEqualTo(2);
    assertThat(Lsn.text(read.start())).isEqualTo("0/5000028");
    assertThat(Lsn.text(read.end())).isEqualTo("0/6000100");
    assertThat(read.whole()).isEqualTo(8195);
    assertThat(read.own()).isEqualTo(8192);
    assertThat(read.files())
        .containsExactly(
            new RepositoryManifest.Entry(
                "pg_data/PG_VERSION",
                "20261130-002337F",
                3,
                "587b596f04f7db9c2cad3d6b87dd2b3a05de4f35",
                false),
            new RepositoryManifest.Entry("pg_data/base/5/1", read.label(), 0, "", false),
            new RepositoryManifest.Entry(
                "pg_data/base/5/a={b",
                read.label(),
                8192,
                "687b596f04f7db9c2cad3d6b87dd2b3a05de4f35",
                true));
  }

  @Test
  void whatIsNoneIsRefusedByItsName() {
    assertThatThrownBy(() -> read("garbage\n[backup]\n="))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("backup.manifest is damaged: backup-label is missing");
    assertThatThrownBy(() -> read(TEXT.replace("\"size\":3", "\"size\":x")))
        .hasMessageContaining("no size: pg_data/PG_VERSION");
  }

  @Test
  void theProgramIsTheFirstOnThePath() throws IOException {
    assertThat(Pgbackrest.find(folder + ":")).isNull();
    Path program = Files.writeString(folder.resolve("pgbackrest"), "");
    assertThat(Pgbackrest.find(folder.toString())).isNull();
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(Objects.requireNonNull(Pgbackrest.find("/nowhere:" + folder)).program())
        .isEqualTo(program);
  }
}
