package io.fairlead.admin;

import io.fairlead.group.GroupException;
import io.fairlead.group.Upgrade;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** How this instance, or those of its group, are replaced by new processes. */
public interface UpgradeDoor {
  /**
   * Begins.
   *
   * @param instances names; empty: all that are there, or this one where there is no group
   * @return why not; null: it has begun
   * @throws GroupException if the group's majority does not answer, or one of them is not there
   */
  @Nullable String begin(String who, Set<String> instances) throws GroupException;

  /**
   * Ends it after the instance whose turn it is.
   *
   * @return false: none is under way
   * @throws GroupException if the group's majority does not answer
   */
  boolean stop(String who) throws GroupException;

  /**
   * The one under way, or the last that is known; null: none.
   *
   * @throws GroupException if this instance does not know
   */
  Upgrade.@Nullable View view() throws GroupException;
}
