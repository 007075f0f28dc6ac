package io.fairlead.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may change what instances of a group share of certificates, and who can read it. */
final class GroupVaultTest {
  private static final List<String> NAMES = List.of("shop.order", "shop.pem");

  @TempDir Path folder;
  private final MemoryValues values = new MemoryValues();
  private final TextSeal seal = seal("known-to-all-of-the-group");

  private static TextSeal seal(String token) {
    return new TextSeal(new Secret(token), "prod", new SecureRandom());
  }

  private FolderVault files(String instance) {
    return new FolderVault(folder.resolve(instance));
  }

  private GroupVault vault(String instance, long term) {
    return new GroupVault(values, files(instance), seal, term, () -> true);
  }

  @Test
  void whoeverOrdersNextReadsWhatTheLastOneWrote() throws IOException {
    vault("a", 1).put("shop.order", "the key");
    GroupVault next = vault("b", 2);
    next.claim(NAMES);
    assertThat(next.get("shop.order")).isEqualTo("the key");
    assertThat(GroupVault.peek(values, seal, "shop.order")).isEqualTo("the key");
  }

  @Test
  void whoComesBackAfterALaterTermChangesNothing() throws IOException {
    GroupVault old = vault("a", 1);
    old.claim(NAMES);
    old.put("shop.order", "mine");
    old.confirm("shop.order");
    GroupVault next = vault("b", 2);
    next.claim(NAMES);
    assertThatThrownBy(() -> old.confirm("shop.order")).isInstanceOf(Superseded.class);
    assertThatThrownBy(() -> old.put("shop.order", "late")).isInstanceOf(Superseded.class);
    assertThatThrownBy(() -> old.delete("shop.order")).isInstanceOf(Superseded.class);
    assertThatThrownBy(() -> old.put("shop.pem", "late")).isInstanceOf(Superseded.class);
    assertThatThrownBy(() -> old.claim(NAMES)).isInstanceOf(Superseded.class);
    assertThat(next.get("shop.order")).isEqualTo("mine");
    assertThat(files("a").get("shop.pem")).isNull();
  }

  @Test
  void whoseLeaseIsOverByTheClockDoesNothing() throws IOException {
    AtomicBoolean held = new AtomicBoolean(true);
    GroupVault vault = new GroupVault(values, files("a"), seal, 1, held::get);
    vault.claim(NAMES);
    held.set(false);
    assertThatThrownBy(() -> vault.confirm("shop.order")).isInstanceOf(Superseded.class);
    assertThatThrownBy(() -> vault.put("shop.pem", "x")).isInstanceOf(Superseded.class);
  }

  @Test
  void aChangeWhoseAnswerWasLostIsMadeOnce() throws IOException {
    GroupVault vault = vault("a", 1);
    vault.claim(NAMES);
    int before = version("shop.order");
    values.answersLost = 2; // of reading, and of changing
    vault.put("shop.order", "once");
    values.answersLost = 1;
    assertThat(vault.get("shop.order")).isEqualTo("once");
    assertThat(version("shop.order")).isEqualTo(before + 1);
  }

  private int version(String name) {
    var value = values.all.get("acme/" + name);
    return value == null ? -1 : value.version();
  }

  @Test
  void whatHasEndedStaysClaimedAndIsNotThere() throws IOException {
    GroupVault vault = vault("a", 1);
    vault.put("shop.order", "the key");
    vault.delete("shop.order");
    assertThat(vault.get("shop.order")).isNull();
    assertThat(version("shop.order")).isNotNegative();
  }

  @Test
  void anAccountThatOneHadAloneIsForAll() throws IOException {
    files("b").put("account-1.key", "its own");
    assertThat(vault("b", 1).getOrMake("account-1.key", () -> "new")).isEqualTo("its own");
    assertThat(vault("c", 2).getOrMake("account-1.key", () -> "new")).isEqualTo("its own");
    assertThat(files("c").get("account-1.key")).isEqualTo("its own");
  }

  @Test
  void certificatesAndAccountsAreOnTheDiskOfWhoeverOrdersAndOrdersAreNot() throws IOException {
    GroupVault vault = vault("a", 1);
    vault.put("shop.pem", "certificate");
    vault.put("account-1.key", "key");
    vault.put("shop.order", "order");
    assertThat(files("a").get("shop.pem")).isEqualTo("certificate");
    assertThat(files("a").get("account-1.key")).isEqualTo("key");
    assertThat(files("a").get("shop.order")).isNull();
  }

  @Test
  void withoutTheTokenNothingIsReadAndWithAnotherNameNeither() throws IOException {
    vault("a", 1).put("shop.pem", "a secret that nobody reads");
    String stored = values.all.values().iterator().next().text();
    assertThat(stored).startsWith("1 ").doesNotContain("secret");
    String sealed = stored.substring(2);
    assertThat(seal.open("shop.pem", sealed)).isEqualTo("a secret that nobody reads");
    assertThat(seal.open("blog.pem", sealed)).isNull();
    assertThat(seal("another-token-than-theirs").open("shop.pem", sealed)).isNull();
    char other = sealed.charAt(30) == 'A' ? 'B' : 'A';
    String changed = sealed.substring(0, 30) + other + sealed.substring(31);
    assertThat(seal.open("shop.pem", changed)).isNull();
    assertThat(seal.open("shop.pem", "no base64 at all")).isNull();
  }

  /** A token was changed: what is on one's own disk is put there anew. */
  @Test
  void whatNobodyCanReadAnyMoreIsReplacedByWhatIsOnDisk() throws IOException {
    new GroupVault(values, files("a"), seal("the-token-until-yesterday"), 1, () -> true)
        .put("shop.pem", "certificate");
    GroupVault now = vault("a", 2);
    now.claim(NAMES);
    assertThat(now.get("shop.pem")).isEqualTo("certificate");
    now.put("shop.pem", "certificate");
    assertThat(GroupVault.peek(values, seal, "shop.pem")).isEqualTo("certificate");
  }
}
