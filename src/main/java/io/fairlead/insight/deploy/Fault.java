package io.fairlead.insight.deploy;

/**
 * That the new version is worse than the old one.
 *
 * @param kind errors, slow or tail
 * @param route where
 * @param text for people
 */
public record Fault(String kind, String route, String text) {}
