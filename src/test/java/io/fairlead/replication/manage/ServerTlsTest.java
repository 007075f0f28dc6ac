package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.TestCertificates;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.TlsFiles;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A certificate is taken up when it is whole, and kept as long as there is no better one. */
class ServerTlsTest {
  private final List<String> trouble = new ArrayList<>();
  private Path top;
  private Path own;
  private TestCertificates certificates;
  private MemberFolder folder;
  private ServerTls tls;

  @BeforeEach
  void isGiven(@TempDir Path given, @TempDir Path top) throws IOException {
    this.top = top;
    this.own = top.resolve("tls.pem");
    certificates = new TestCertificates(given);
    certificates.make("own", "a.example");
    folder = new MemberFolder(PostgresPrograms.find(), top);
    tls = tls(false);
  }

  private ServerTls tls(boolean optional) {
    ManageConfig.Tls config =
        new ManageConfig.Tls(
            certificates.folder().resolve("own.pem"),
            certificates.folder().resolve("own.key"),
            List.of(certificates.ca()),
            optional,
            false);
    return new ServerTls(folder, Optional.of(config), trouble::add);
  }

  private String name() throws IOException {
    return TlsFiles.identity(own, own, Optional.empty())
        .certificate()
        .getSubjectX500Principal()
        .getName();
  }

  @Test
  void aServerIsToldBySettingsAndWhoConnectsByAServiceFile() throws IOException {
    assertThat(tls.refresh()).as("is to be read").isTrue();
    assertThat(tls.refresh()).as("is to be read again").isFalse();
    assertThat(name()).isEqualTo("CN=a.example");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(own)))
        .isEqualTo("rw-------");
    assertThat(top.resolve("tls.conf")).content().contains("ssl = on");
    assertThat(folder.service()).content().contains("verify-ca", "sslrootcert=" + top + "/ca.pem");
    assertThat(top.resolve("ca.pem")).content().contains("BEGIN CERTIFICATE");
    assertThat(tls(true).refresh()).as("only who connects goes by that").isFalse();
    assertThat(folder.service()).content().contains("sslmode=prefer");
    ServerTls none = new ServerTls(folder, Optional.empty(), trouble::add);
    assertThat(none.refresh()).isTrue();
    assertThat(none.refresh()).isFalse();
    assertThat(own).doesNotExist();
    assertThat(top.resolve("tls.conf")).content().doesNotContain("ssl");
    assertThat(trouble).isEmpty();
  }

  @Test
  void aRenewedOneIsTakenWhenNobodyWritesItAnyMore() throws IOException {
    assertThat(tls.refresh()).isTrue();
    certificates.make("own", "renewed.example");
    assertThat(tls.refresh()).as("it may not be whole").isFalse();
    assertThat(tls.refresh()).isTrue();
    assertThat(name()).isEqualTo("CN=renewed.example");
    assertThat(tls.refresh()).isFalse();
  }

  @Test
  void oneThatCannotBeUsedIsSaidOnce() throws IOException {
    assertThat(tls.refresh()).isTrue();
    certificates.make("other", "other.example");
    Files.copy(
        certificates.folder().resolve("other.pem"),
        certificates.folder().resolve("own.pem"),
        StandardCopyOption.REPLACE_EXISTING);
    for (int i = 0; i < 4; i++) {
      assertThat(tls.refresh()).isFalse();
    }
    assertThat(trouble).hasSize(1).first().asString().contains("goes on with", "key");
    assertThat(name()).isEqualTo("CN=a.example");
    // An instance that begins then goes on with it, too.
    assertThat(tls(false).refresh()).isFalse();
    assertThat(trouble).hasSize(2);
  }

  @Test
  void oneThatOthersWouldNotTrustIsNotShown() throws Exception {
    assertThat(tls.refresh()).isTrue();
    certificates.write(
        "own",
        TestCertificates.builder("b.example")
            .buildIssuedBy(TestCertificates.authority("Somebody Else")));
    assertThat(tls.refresh()).isFalse();
    assertThat(tls.refresh()).isFalse();
    assertThat(name()).isEqualTo("CN=a.example");
    assertThat(trouble).hasSize(1).first().asString().contains("issuer CN=Somebody Else");
  }

  @Test
  void withoutAnyNothingIsStarted() throws IOException {
    Files.delete(certificates.folder().resolve("own.key"));
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(tls::refresh).isInstanceOf(IOException.class).hasMessageContaining("key");
    }
    assertThat(top).isEmptyDirectory();
    assertThat(trouble).isEmpty();
  }
}
