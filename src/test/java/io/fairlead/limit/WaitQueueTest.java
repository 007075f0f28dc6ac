package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WaitQueueTest {
  private static final long MILLI = 1_000_000;
  private static final long PATIENCE = 1000 * MILLI;

  private final WaitQueue queue = new WaitQueue(4);
  private long now;

  private static final class Guest extends WaitQueue.Waiter {
    private final String name;

    Guest(String name) {
      this.name = name;
    }
  }

  private Guest add(String name, int importance) {
    Guest guest = new Guest(name);
    queue.add(guest, importance, now, PATIENCE, true);
    return guest;
  }

  private List<String> order() {
    List<String> names = new ArrayList<>();
    for (WaitQueue.Waiter next = queue.peek(); next != null; next = queue.peek()) {
      names.add(((Guest) next).name);
      queue.remove(next, now);
    }
    return names;
  }

  @Test
  void theImportantComeFirstAndAmongThemTheFirst() {
    add("a", 2);
    add("b", 3);
    add("c", 0);
    add("d", 2);
    add("e", 0);
    assertThat(order()).containsExactly("c", "e", "a", "d", "b");
    assertThat(queue.size()).isZero();
  }

  @Test
  void whoLeavesFromTheMiddleIsGone() {
    Guest first = add("a", 2);
    Guest middle = add("b", 2);
    Guest last = add("c", 2);
    queue.remove(middle, now);
    queue.remove(middle, now); // twice does nothing
    assertThat(queue.size()).isEqualTo(2);
    assertThat(middle.isWaiting()).isFalse();
    queue.remove(last, now);
    add("d", 2);
    queue.remove(first, now);
    add("e", 2);
    assertThat(order()).containsExactly("d", "e");
  }

  @Test
  void roomIsMadeByTheLastOfTheLeastImportant() {
    add("a", 2);
    Guest early = add("b", 3);
    Guest late = add("c", 3);
    assertThat(queue.lesser(2)).isSameAs(late);
    queue.remove(late, now);
    queue.remove(early, now);
    assertThat(queue.lesser(2)).isNull(); // equals do not push each other out
    assertThat(queue.lesser(1)).isNotNull();
    assertThat(queue.least()).isEqualTo(2);
  }

  @Test
  void inAQueueThatComesAndGoesTheWholePatienceIsRight() {
    Guest guest = add("a", 2);
    assertThat(queue.isLate(guest, 999 * MILLI)).isFalse();
    assertThat(queue.isLate(guest, 1000 * MILLI)).isTrue();
  }

  @Test
  void whereThereIsAlwaysAQueueNobodyWaitsLong() {
    add("a", 2);
    now = 990 * MILLI;
    Guest guest = add("b", 2);
    assertThat(queue.isStanding(999 * MILLI, PATIENCE)).isFalse();
    assertThat(queue.isStanding(1000 * MILLI, PATIENCE)).isTrue();
    assertThat(queue.isLate(guest, 1015 * MILLI)).isFalse();
    assertThat(queue.isLate(guest, 1016 * MILLI)).isTrue();

    now = 1050 * MILLI;
    order();
    now = 1149 * MILLI;
    Guest soon = add("c", 2);
    assertThat(queue.isLate(soon, 1200 * MILLI)).isTrue(); // empty for a moment only
    order();
    now = 1249 * MILLI;
    assertThat(queue.isLate(add("d", 2), 2200 * MILLI)).isFalse(); // for a tenth of the patience
  }

  @Test
  void inAQueueThatDoesNotEmptyTheLastIsFirst() {
    add("a", 2);
    now = 99 * MILLI;
    add("b", 2);
    assertThat(queue.isNewestFirst()).isFalse();
    now = 100 * MILLI;
    add("c", 2);
    add("d", 1);
    assertThat(queue.isNewestFirst()).isTrue();
    assertThat(order()).containsExactly("d", "c", "b", "a");

    now = 250 * MILLI;
    add("e", 2);
    add("f", 2);
    assertThat(order()).containsExactly("e", "f"); // it was empty for more than a moment
  }

  @Test
  void whereTheLastIsFirstRoomIsMadeByWhoHasWaitedLongest() {
    Guest first = add("a", 2);
    assertThat(queue.lesser(2)).isNull();
    now = 100 * MILLI;
    add("b", 2);
    add("c", 1);
    assertThat(queue.lesser(2)).isSameAs(first);
    assertThat(queue.lesser(1)).isSameAs(first);
    assertThat(queue.lesser(3)).isNull();
  }

  @Test
  void whereTooMuchIsKnownToComeNothingIsAbsorbed() {
    Guest first = new Guest("a");
    queue.add(first, 2, now, PATIENCE, false);
    queue.add(new Guest("b"), 2, now, PATIENCE, false);
    Guest important = new Guest("c");
    queue.add(important, 0, now, PATIENCE, false);
    assertThat(queue.isNewestFirst()).isTrue();
    assertThat(queue.isLate(first, 25 * MILLI)).isFalse();
    assertThat(queue.isLate(first, 26 * MILLI)).isTrue();
    assertThat(queue.isLate(important, 999 * MILLI)).isFalse();
    assertThat(order()).containsExactly("c", "b", "a");
  }

  @Test
  void whoIsLateIsFoundBehindThoseWhoAreNot() {
    Guest first = add("a", 2);
    now = 500 * MILLI;
    add("b", 2);
    assertThat(queue.late(999 * MILLI)).isNull();
    now = 1000 * MILLI;
    Guest soon = add("c", 2);
    assertThat(queue.peek()).isSameAs(soon);
    assertThat(queue.late(now)).isSameAs(first);
    queue.remove(first, now);
    assertThat(queue.late(now)).isNotNull(); // "b": 25 ms are all that is given now
    assertThat(queue.isLate(soon, now)).isFalse();
  }

  @Test
  void theShortPatienceIsAFortiethButNoLessThanTwentyMilliseconds() {
    assertThat(WaitQueue.standing(1000 * MILLI)).isEqualTo(25 * MILLI);
    assertThat(WaitQueue.standing(100 * MILLI)).isEqualTo(20 * MILLI);
    assertThat(WaitQueue.standing(10 * MILLI)).isEqualTo(10 * MILLI);
  }

  @Test
  void keysOfSeveralQueuesCompareAsOneQueueWould() {
    WaitQueue other = new WaitQueue(4);
    assertThat(queue.key()).isEqualTo(WaitQueue.NOBODY);
    now = 5;
    add("a", 2);
    other.add(new Guest("b"), 2, 6, PATIENCE, true);
    assertThat(queue.key()).isLessThan(other.key());
    other.add(new Guest("c"), 1, 7, PATIENCE, true);
    assertThat(other.key()).isLessThan(queue.key()).isLessThan(WaitQueue.NOBODY);
    assertThat(WaitQueue.isNewestFirst(queue.key())).isFalse();
    assertThat(WaitQueue.isNewestFirst(WaitQueue.NOBODY)).isFalse();
  }

  @Test
  void ofQueuesThatDoNotEmptyTheOneWithTheLastToComeIsFirst() {
    WaitQueue other = new WaitQueue(4);
    add("a", 2);
    other.add(new Guest("b"), 2, 0, PATIENCE, true);
    now = 100 * MILLI;
    add("c", 2);
    other.add(new Guest("d"), 2, 101 * MILLI, PATIENCE, true);
    assertThat(WaitQueue.isNewestFirst(queue.key())).isTrue();
    assertThat(other.key()).isLessThan(queue.key());

    WaitQueue fresh = new WaitQueue(4);
    fresh.add(new Guest("e"), 2, 99 * MILLI, PATIENCE, true);
    assertThat(fresh.key()).isLessThan(other.key());
    fresh.add(new Guest("f"), 3, 99 * MILLI, PATIENCE, true);
    other.add(new Guest("g"), 0, 102 * MILLI, PATIENCE, true);
    assertThat(other.key()).isLessThan(fresh.key());
  }
}
