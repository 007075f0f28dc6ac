package io.fairlead.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.AcmeConfig;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an instance takes over that does not order. */
final class GroupCopiesTest {
  private static final AcmeConfig CONFIG =
      new AcmeConfig(
          List.of("shop.example"),
          AcmeConfig.LETS_ENCRYPT,
          List.of(),
          AcmeConfig.Challenge.HTTP_01,
          List.of(),
          Optional.empty());

  @TempDir Path folder;
  private final MemoryValues values = new MemoryValues();
  private final TextSeal seal =
      new TextSeal(new Secret("known-to-all-of-the-group"), "prod", new SecureRandom());
  private FolderVault files;
  private GroupVault leader;
  private GroupCopies copies;
  private Renewal renewal;

  @BeforeEach
  void begin() {
    files = new FolderVault(folder.resolve("b"));
    leader = new GroupVault(values, new FolderVault(folder.resolve("a")), seal, 1, () -> true);
    copies = new GroupCopies(values, files, seal);
    renewal =
        new Renewal(CONFIG, files, System::currentTimeMillis, new SplittableRandom(1), event -> {});
  }

  private static String certificate(Duration later) throws Exception {
    KeyPair key = KeyText.make();
    return KeyText.write(key)
        + KeyText.pem(
            "CERTIFICATE",
            Der.proof("shop.example", new byte[32], key, Instant.now().plus(later)).getEncoded());
  }

  @Test
  void theCertificateAndTheAccountAreKeptAndALaterOneReplacesThem() throws Exception {
    String first = certificate(Duration.ZERO);
    leader.put(Renewal.fileName(CONFIG), first);
    leader.put(Authority.accountName(CONFIG), "the account's key");
    copies.take(renewal);
    assertThat(files.get(Renewal.fileName(CONFIG))).isEqualTo(first);
    assertThat(files.get(Authority.accountName(CONFIG))).isEqualTo("the account's key");
    String second = certificate(Duration.ofHours(1));
    leader.put(Renewal.fileName(CONFIG), second);
    copies.take(renewal);
    assertThat(files.get(Renewal.fileName(CONFIG))).isEqualTo(second);
  }

  @Test
  void oneThatEndsEarlierOrIsDamagedLeavesWhatIsThere() throws Exception {
    String own = certificate(Duration.ofHours(1));
    files.put(Renewal.fileName(CONFIG), own);
    leader.put(Renewal.fileName(CONFIG), certificate(Duration.ZERO));
    copies.take(renewal);
    assertThat(files.get(Renewal.fileName(CONFIG))).isEqualTo(own);
    String later = certificate(Duration.ofHours(2));
    String other = KeyText.write(KeyText.make()) + later.substring(later.indexOf("-----BEGIN C"));
    leader.put(Renewal.fileName(CONFIG), other);
    assertThatThrownBy(() -> copies.take(renewal))
        .as("a key of another certificate")
        .isInstanceOf(IOException.class);
    assertThat(files.get(Renewal.fileName(CONFIG))).isEqualTo(own);
  }

  @Test
  void failuresOfWhoeverOrdersAreKnownHere() throws IOException {
    leader.put(Renewal.triesName(CONFIG), "3 1700000000000 the authority says: no, and why");
    copies.take(renewal);
    assertThat(renewal.state())
        .isEqualTo(
            new Renewal.State(3, 0, 0, "the authority says: no, and why", 1700000000000L, false));
    leader.delete(Renewal.triesName(CONFIG));
    copies.take(renewal);
    assertThat(renewal.state()).isEqualTo(Renewal.State.NEW);
  }

  @Test
  void questionsAreThoseThatWereAsked() throws IOException {
    List<Challenges.Question> asked =
        List.of(
            new Challenges.Question("shop.example", "token", "token.thumbprint"),
            new Challenges.Question("www.shop.example", "", "text"));
    GroupCopies.ask(leader, CONFIG, asked);
    assertThat(copies.asked(CONFIG)).isEqualTo(GroupCopies.text(asked));
    assertThat(GroupCopies.questions(GroupCopies.text(asked))).isEqualTo(asked);
    GroupCopies.ask(leader, CONFIG, List.of());
    assertThat(copies.asked(CONFIG)).isNull();
  }
}
