package io.fairlead.admin;

import io.fairlead.group.Group;
import io.fairlead.group.Store;
import io.fairlead.group.Versions;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the API tells of the group and its store. */
final class GroupViews {
  private GroupViews() {}

  @Doc("The instances of the group, as this one sees them.")
  record Instances(
      @Doc("null: this instance is in no group.") @Nullable String group,
      @Doc("What this instance is called.") @Nullable String instance,
      @Doc("Whether a majority is in reach: else nothing of the group changes.") boolean connected,
      @Doc("What is wrong, or waited for; empty: nothing.") String trouble,
      @Doc("Number of the group's configuration; 0: there is none yet.") long configVersion,
      @Doc("Seconds that changes of the store are not in its log already; null: there is no log.")
          @Nullable Double storeLogLag,
      List<InstanceView> instances) {
    static Instances of(@Nullable Group group) {
      if (group == null) {
        return new Instances(null, null, false, "", 0, null, List.of());
      }
      Group.View view = group.view();
      return new Instances(
          view.group(),
          view.instance(),
          view.connected(),
          view.trouble(),
          view.configVersion(),
          view.storeLogLag() == null ? null : view.storeLogLag().toMillis() / 1e3,
          view.members().stream().map(each -> InstanceView.of(each, view)).toList());
    }
  }

  @Doc("One instance of the group.")
  record InstanceView(
      String name,
      @Doc("Where the others reach it.") String address,
      @Doc("Whether it is the one that answers.") boolean self,
      @Doc("up, draining, down, or unknown where there is no majority in reach.") String state,
      @Doc("member or witness; null: not known.") @Nullable String role,
      @Doc("Whether it is one of those whose majority decides; else it keeps the state only.")
          boolean votes,
      @Doc("Whether it leads.") boolean leader,
      @Doc("leading, following or observing; null: not known.") @Nullable String standing,
      @Doc("Of the program; null: not known.") @Nullable String version,
      @Doc("Milliseconds since 1970; null: not known.") @Nullable Long started,
      @Nullable Long pid,
      @Doc("Number of the group's configuration that is in force there.") long configVersion,
      @Doc("How many versions that is behind the group's.") long lag) {
    static InstanceView of(Group.Member member, Group.View view) {
      boolean there = member.present();
      return new InstanceView(
          member.name(),
          member.address(),
          member.self(),
          there ? member.draining() ? "draining" : "up" : view.connected() ? "down" : "unknown",
          there ? member.role() : null,
          member.votes(),
          member.standing().equals("leading"),
          there ? member.standing() : null,
          there ? member.version() : null,
          there ? member.started() : null,
          there ? member.pid() : null,
          member.configVersion(),
          there && member.role().equals("member")
              ? Math.max(0, view.configVersion() - member.configVersion())
              : 0);
    }
  }

  @Doc("An instance was taken out of the group.")
  record Removed(String instance) {}

  @Doc("An instance was taken out or in.")
  record Drained(
      String instance,
      @Doc("Whether it is out.") boolean drained,
      @Doc("Whether it was not before.") boolean changed,
      @Doc("How long resolvers may still send clients to it; 0: no name was answered with it.")
          int resolverSeconds) {}

  @Doc("Configurations, the youngest first.")
  record History(List<VersionView> versions) {}

  @Doc("One configuration.")
  record VersionView(
      long version,
      @Doc("Who asked for it.") String who,
      @Doc("Milliseconds since 1970.") long time,
      @Doc("Whether it is in force.") boolean current) {
    static VersionView of(Versions.Version version) {
      return new VersionView(version.number(), version.who(), version.time(), version.current());
    }
  }

  @Doc("Keys in order.")
  record Keys(
      List<KeyView> keys,
      @Doc("Ask again with this as after for those behind them; null: there were none.")
          @Nullable String next) {}

  @Doc("One key of the store.")
  record KeyView(
      String key,
      @Doc("Of its last change; rises over all keys.") long revision,
      @Doc("Bytes of the value.") int bytes,
      @Doc("Seconds after which it ends unless it is put again; null: it stays.")
          @Nullable Double ttl,
      @Doc("The value, where it was asked for and is text.") @Nullable String value,
      @Doc("The value in base64, where it was asked for and is no text.") @Nullable String base64) {
    static KeyView of(Store.Item item, boolean withValue) {
      String text = withValue ? text(item.value()) : null;
      return new KeyView(
          item.key(),
          item.revision(),
          item.value().length,
          item.ttl() == null ? null : item.ttl().toMillis() / 1e3,
          text,
          withValue && text == null ? Base64.getEncoder().encodeToString(item.value()) : null);
    }

    private static @Nullable String text(byte[] value) {
      try {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
      } catch (CharacterCodingException _) {
        return null;
      }
    }
  }

  @Doc("A key was put.")
  record Put(String key, @Doc("Of this change.") long revision) {}

  @Doc("A key is not there any more.")
  record Deleted(String key) {}

  @Doc("Changes may have been missed: list the keys again.")
  record Again(String prefix) {}
}
