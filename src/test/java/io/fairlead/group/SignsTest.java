package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What instances show to each other, look by look. */
final class SignsTest {
  private final MemoryState state = new MemoryState();
  private final Signs edge1 = new Signs(state, () -> 0, "/test");
  private final Signs edge2 = new Signs(state, () -> 0, "/test");
  private final List<Map<String, String>> heard = new ArrayList<>();
  private String one = "a";
  private String two = "b";

  @BeforeEach
  void show() {
    edge1.show(() -> one, heard::add);
    edge2.show(() -> two, _ -> {});
  }

  private void look() throws GroupException {
    edge2.step(config("edge-2"));
    edge1.step(config("edge-1"));
  }

  private static GroupConfig config(String instance) {
    return new GroupConfig(
        "test",
        instance,
        new HostPort("127.0.0.1", 7400),
        Map.of(),
        GroupConfig.Role.MEMBER,
        Optional.empty(),
        Optional.empty(),
        false,
        List.of(),
        1,
        Optional.empty(),
        Optional.empty());
  }

  @Test
  void eachChangeIsHeardOnce() throws Exception {
    look();
    look();
    two = "c";
    look();
    one = "";
    look();
    assertThat(heard)
        .containsExactly(
            Map.of("edge-1", "a", "edge-2", "b"), Map.of("edge-1", "a", "edge-2", "c"));
    assertThat(state.peek("/test/edge-1")).as("nothing to show").isNull();
  }

  @Test
  void whatHasGoneHoldsForAWhile() throws Exception {
    look();
    assertThat(state.delete("/test/edge-2", -1)).isTrue();
    for (int i = 1; i < Signs.AWAY; i++) {
      edge1.step(config("edge-1"));
    }
    assertThat(heard).hasSize(1);
    look(); // it has begun anew
    assertThat(state.delete("/test/edge-2", -1)).isTrue();
    for (int i = 0; i < Signs.AWAY; i++) {
      edge1.step(config("edge-1"));
    }
    assertThat(heard).containsExactly(Map.of("edge-1", "a", "edge-2", "b"), Map.of("edge-1", "a"));
  }

  @Test
  void withoutAMajorityWhatWasKnownLastCounts() throws Exception {
    look();
    state.available = false;
    for (int i = 0; i < 2 * Signs.AWAY; i++) {
      try {
        look();
      } catch (GroupException _) {
        // Nobody answers.
      }
    }
    state.available = true;
    look();
    assertThat(heard).hasSize(1);
  }
}
