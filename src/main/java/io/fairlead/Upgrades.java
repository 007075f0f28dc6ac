package io.fairlead;

import io.fairlead.admin.UpgradeDoor;
import io.fairlead.group.Group;
import io.fairlead.group.GroupException;
import io.fairlead.group.Upgrade;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Has this instance replaced by a new process, as its turn in the group or by itself. */
final class Upgrades implements UpgradeDoor, Upgrade.Hands {
  private static final String ALONE = "this instance";

  private final Fairlead fairlead;
  private volatile @Nullable Successor successor;
  private volatile String inTheWay = "it was not started by fairlead run";

  /** What is known without a group. */
  private final AtomicReference<Upgrade.@Nullable View> alone = new AtomicReference<>();

  Upgrades(Fairlead fairlead) {
    this.fairlead = fairlead;
  }

  /** From now on this process can be replaced by another that reads that file. */
  void able(Path config) {
    successor = new Successor(config);
    inTheWay =
        fairlead.dataPlane().canShareSockets()
            ? Successor.obstacle()
            : "a takeover needs runtime.transport: epoll";
  }

  @Override
  public boolean isReady() {
    return !fairlead.isDraining();
  }

  @Override
  public String obstacle() {
    return inTheWay;
  }

  @Override
  public void replace(Consumer<String> failed) {
    Successor next = successor;
    if (next == null || !inTheWay.isEmpty()) {
      failed.accept(inTheWay);
    } else {
      next.start(failed);
    }
  }

  @Override
  public @Nullable String begin(String who, Set<String> instances) throws GroupException {
    Group group = fairlead.group();
    if (group != null) {
      return group.beginUpgrade(who, instances)
          ? null
          : "Instances are being replaced already; fairlead upgrade --stop ends that.";
    }
    if (!instances.isEmpty()) {
      return "This instance is in no group.";
    }
    if (!inTheWay.isEmpty()) {
      return "This instance cannot be replaced: " + inTheWay + ".";
    }
    Upgrade.View before = alone.get();
    long now = System.currentTimeMillis();
    Upgrade.View next = new Upgrade.View(who, now, List.of(), List.of(ALONE), "");
    boolean busy = before != null && before.isRunning();
    if (busy || !alone.compareAndSet(before, next)) {
      return "This instance is being replaced already.";
    }
    replace(why -> alone.set(new Upgrade.View(who, now, List.of(), List.of(ALONE), why)));
    return null;
  }

  @Override
  public boolean stop(String who) throws GroupException {
    Group group = fairlead.group();
    return group != null && group.upgrade().stop(who);
  }

  @Override
  public Upgrade.@Nullable View view() throws GroupException {
    Group group = fairlead.group();
    return group == null ? alone.get() : group.upgrade().view();
  }
}
