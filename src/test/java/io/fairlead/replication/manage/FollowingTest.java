package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class FollowingTest {
  private final Following following = new Following(0);

  private static Sight replica(long at, boolean receives) {
    return new Sight(at, null, true, "7", 3, 900, 4, "", receives, 10, Set.of(), true);
  }

  private static Sight primary(long at, String... followers) {
    return new Sight(at, null, false, "7", 3, 900, 4, "", false, -1, Set.of(followers), false);
  }

  /** It had got the log for long: that is not how long it has been away. */
  @Test
  void whoIsMissingForAMomentIsAwaySinceThen() {
    following.told(replica(10, true));
    following.toldOf("c", primary(20, "b", "c"));
    assertThat(following.since()).isEqualTo(20);
    following.told(replica(9_000, true));
    following.toldOf("c", primary(9_010, "b", "c"));
    assertThat(following.since()).isEqualTo(20);
    following.toldOf("c", primary(9_020, "b"));
    assertThat(following.since()).as("the primary does not know it").isEqualTo(9_020);
    following.toldOf("c", primary(9_030, "b", "c"));
    assertThat(following.since()).isEqualTo(9_030);
    following.told(replica(9_040, false));
    assertThat(following.since()).as("it says that it gets nothing").isEqualTo(9_040);
    following.told(Sight.none(9_050, "no answer"));
    assertThat(following.since()).isEqualTo(9_040);
  }
}
