package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Body;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Virtual IPs: who owns them, since when and why. */
final class VipsApi {
  private final Instance instance;

  VipsApi(Instance instance) {
    this.instance = instance;
  }

  @Doc("Virtual IPs as this instance sees them.")
  record VipsView(
      List<VipView> vips, @Doc("That are told of them by BGP.") List<RouterView> routers) {}

  @Doc("A router that is told of virtual IPs by BGP.")
  record RouterView(
      String name,
      String address,
      @Doc("Its autonomous system.") long as,
      @Doc(
              "idle, connect, open-sent, open-confirm, established, or off while the instance is not ready.")
          String state,
      @Doc("When the state began; milliseconds since 1970.") long since,
      @Doc("Why, or what is wrong.") String why,
      @Doc("Seconds after which silence is death; null: nothing is agreed on.")
          @Nullable Integer holdTime,
      @Doc("Addresses that it has been told of.") List<String> announced,
      @Doc("Whether they are about to be withdrawn.") boolean leaving,
      @Doc("How often the session was lost.") long lost) {
    static RouterView of(BgpStatus router) {
      return new RouterView(
          router.peer(),
          router.address(),
          router.as(),
          router.state(),
          router.sinceMillis(),
          router.why(),
          router.holdSeconds() == 0 ? null : router.holdSeconds(),
          router.announced(),
          router.leaving(),
          router.lost());
    }
  }

  @Doc("Addresses that one of several instances has at a time.")
  record VipView(
      String name,
      List<String> addresses,
      @Doc("Where the owner adds them.") String networkInterface,
      @Doc("lease, vrrp or bgp.") String elect,
      @Doc("owner, standby, trouble, or off while the instance is not ready or leaves.")
          String state,
      @Doc("The owner's address, or: this instance; null: not known.") @Nullable String owner,
      @Doc("Of the lease; null: there is none.") @Nullable Long term,
      @Doc("When the state began; milliseconds since 1970.") long since,
      @Doc("Why, or what is wrong.") String why,
      @Doc("Number of the virtual router; null: not elected by VRRP.") @Nullable Integer vrid,
      int priority,
      @Doc("How often this instance became the owner.") long taken) {
    static VipView of(VipStatus vip) {
      return new VipView(
          vip.name(),
          vip.addresses(),
          vip.networkInterface(),
          vip.elect(),
          vip.state(),
          vip.owner(),
          vip.term() == 0 ? null : vip.term(),
          vip.sinceMillis(),
          vip.why(),
          vip.vrid() == 0 ? null : vip.vrid(),
          vip.priority(),
          vip.taken());
    }
  }

  Endpoint endpoint() {
    return new Endpoint(
        "GET",
        "/api/v1/vips",
        Role.VIEWER,
        "Virtual IPs: who owns them, since when and why.",
        List.of(),
        Body.NONE,
        Map.of(Api.JSON, VipsView.class),
        this::vips);
  }

  private Answer vips(Call call) {
    return Answer.json(
        new VipsView(
            instance.vips().stream().map(VipView::of).toList(),
            instance.routers().stream().map(RouterView::of).toList()));
  }
}
