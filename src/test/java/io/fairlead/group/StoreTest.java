package io.fairlead.group;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.group.Store.Condition;
import io.fairlead.group.Store.Item;
import io.fairlead.group.Store.News;
import io.fairlead.group.Store.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Keys and values, over a state that is there or not as the test says. */
final class StoreTest {
  private static final Condition ALWAYS = new Condition.Always();
  private static final Condition ABSENT = new Condition.Absent();

  private final MemoryState state = new MemoryState();
  private final Store store = new Store(state);

  @Test
  void whatWasPutIsThere() throws GroupException {
    assertThat(value("shop/a b/ü")).isNull();
    put("shop/a b/ü", "1", ALWAYS);
    assertThat(value("shop/a b/ü")).isEqualTo("1");
  }

  @Test
  void aChangeMayDependOnTheRevision() throws GroupException {
    long first = done(put("k", "1", ABSENT));
    assertThat(put("k", "2", ABSENT)).isInstanceOf(Outcome.Conflict.class);
    long second = done(put("k", "2", new Condition.Revision(first)));
    assertThat(second).isGreaterThan(first);
    Outcome late = put("k", "3", new Condition.Revision(first));
    assertThat(late)
        .isInstanceOfSatisfying(
            Outcome.Conflict.class,
            conflict -> assertThat(conflict.found()).extracting(Item::revision).isEqualTo(second));
    assertThat(value("k")).isEqualTo("2");
    assertThat(store.delete("k", new Condition.Revision(first)))
        .isInstanceOf(Outcome.Conflict.class);
    assertThat(store.delete("k", new Condition.Revision(second))).isInstanceOf(Outcome.Done.class);
    assertThat(put("k", "4", new Condition.Present())).isInstanceOf(Outcome.Conflict.class);
  }

  @Test
  void aKeyThatIsMadeAgainNeverHasAnOldRevision() throws GroupException {
    long first = done(put("k", "1", ALWAYS));
    done(store.delete("k", ALWAYS));
    assertThat(value("k")).isNull();
    done(put("k", "1", ABSENT));
    assertThat(put("k", "2", new Condition.Revision(first))).isInstanceOf(Outcome.Conflict.class);
  }

  @Test
  void aChangeThatIsMadeIsAcknowledgedThoughTheMajorityIsLostRightAfterIt() throws GroupException {
    put("k", "1", ALWAYS);
    try (GroupState.Watch _ = state.watch("/kv", path -> state.available = false)) {
      done(store.delete("k", ALWAYS));
    }
    state.available = true;
    assertThat(value("k")).isNull();
  }

  @Test
  void marksOfDeletedKeysGoInTheEnd() throws GroupException {
    done(put("k", "1", ALWAYS));
    done(store.delete("k", ALWAYS));
    sweep(0);
    sweep(59);
    assertThat(state.names("/kv")).hasSize(1);
    sweep(61);
    assertThat(state.names("/kv")).isEmpty();
    assertThat(state.names("/kv-leases")).isEmpty();
    assertThat(value("k")).isNull();
  }

  @Test
  void aKeyWithATimeToLiveEndsUnlessItIsPutAgain() throws GroupException {
    store.put("k", "1".getBytes(UTF_8), Duration.ofSeconds(3), ALWAYS);
    sweep(10);
    sweep(12);
    assertThat(value("k")).isEqualTo("1");
    store.put("k", "2".getBytes(UTF_8), Duration.ofSeconds(3), ALWAYS);
    sweep(13);
    sweep(15);
    assertThat(value("k")).isEqualTo("2");
    sweep(16);
    assertThat(value("k")).isNull();
  }

  @Test
  void aNewLeaderCountsAnewAndFindsWhatNobodyNoted() throws GroupException {
    store.put("k", "1".getBytes(UTF_8), Duration.ofSeconds(3), ALWAYS);
    sweep(10);
    store.forget();
    boolean _ = state.delete("/kv-leases/kk", -1); // whoever put it ended before it could say so
    sweep(100);
    sweep(102);
    assertThat(value("k")).isEqualTo("1");
    sweep(103);
    assertThat(value("k")).isNull();
  }

  @Test
  void aKeyThatStaysNowIsNotEnded() throws GroupException {
    store.put("k", "1".getBytes(UTF_8), Duration.ofSeconds(3), ALWAYS);
    sweep(10);
    done(put("k", "2", ALWAYS));
    sweep(20);
    sweep(30);
    assertThat(value("k")).isEqualTo("2");
  }

  @Test
  void listsInOrderAndInPages() throws GroupException {
    for (String key : List.of("b", "a/2", "a/1", "c")) {
      done(put(key, key, ALWAYS));
    }
    done(store.delete("c", ALWAYS));
    assertThat(store.list("", "", 10, 1000).stream().map(Item::key))
        .containsExactly("a/1", "a/2", "b");
    assertThat(store.list("a/", "", 1, 1000).stream().map(Item::key)).containsExactly("a/1");
    assertThat(store.list("a/", "a/1", 10, 1000).stream().map(Item::key)).containsExactly("a/2");
    assertThat(store.list("", "", 10, 1)).hasSize(1);
  }

  @Test
  void watchersHearOfTheirKeysInOrder() throws GroupException {
    List<String> heard = new ArrayList<>();
    Store.Watching watching = store.watch("a/", news -> heard.add(text(news)));
    done(put("a/1", "x", ALWAYS));
    done(put("b", "x", ALWAYS));
    done(put("a/1", "y", ALWAYS));
    done(store.delete("a/1", ALWAYS));
    assertThat(heard).containsExactly("a/1=x", "a/1=y", "a/1 gone");
    watching.close();
    done(put("a/1", "z", ALWAYS));
    assertThat(heard).hasSize(3);
  }

  @Test
  void boundsAreRefusedInWords() {
    assertThatThrownBy(() -> store.put("k", new byte[Store.MAX_VALUE + 1], null, ALWAYS))
        .hasMessageContaining("65536 bytes");
    assertThatThrownBy(() -> put("k".repeat(257), "1", ALWAYS)).hasMessageContaining("256 bytes");
    assertThatThrownBy(() -> put("", "1", ALWAYS)).hasMessageContaining("1 to 256");
  }

  @Test
  void aLostAnswerIsSaidToBeOne() throws GroupException {
    done(put("k", "1", ALWAYS));
    state.losesAnswer = true;
    assertThatThrownBy(() -> put("k", "2", ALWAYS))
        .isInstanceOfSatisfying(
            GroupException.class, e -> assertThat(e.kind()).isEqualTo(GroupException.Kind.UNKNOWN));
    state.available = false;
    assertThatThrownBy(() -> put("k", "3", ALWAYS))
        .isInstanceOfSatisfying(
            GroupException.class,
            e -> assertThat(e.kind()).isEqualTo(GroupException.Kind.UNAVAILABLE));
  }

  private void sweep(long seconds) throws GroupException {
    store.sweep(seconds * 1_000_000_000);
  }

  private Outcome put(String key, String value, Condition condition) throws GroupException {
    return store.put(key, value.getBytes(UTF_8), null, condition);
  }

  private static long done(Outcome outcome) {
    return ((Outcome.Done) outcome).revision();
  }

  private @Nullable String value(String key) throws GroupException {
    Item item = store.get(key);
    return item == null ? null : new String(item.value(), UTF_8);
  }

  private static String text(News news) {
    return switch (news) {
      case News.Put(Item item) -> item.key() + "=" + new String(item.value(), UTF_8);
      case News.Deleted(String key) -> key + " gone";
      case News.Again _ -> "again";
    };
  }
}
