# Environments for measurements: the same shell in a closure of one path, and of a hundred.
{ count ? 100 }:
let
  recipe = import ../examples/env/default.nix { };
  shell = name: more: derivation {
    inherit name;
    system = "x86_64-linux";
    builder = "${recipe.busybox}/bin/sh";
    PATH = "${recipe.tools}/bin";
    args = [ "-euc" ''
      mkdir -p $out/bin
      cp ${recipe.busybox}/bin/busybox $out/bin/
      for applet in sh cat echo; do ln -s busybox $out/bin/$applet; done
      ${more}
    '' ];
  };
  leaf = number: derivation {
    name = "leaf-${toString number}";
    system = "x86_64-linux";
    builder = "${recipe.busybox}/bin/sh";
    args = [ "-euc" "echo ${toString number} >$out" ];
  };
in {
  one = shell "one" "";
  many = shell "many" "echo ${toString (builtins.genList leaf (count - 1))} >$out/needs";
  numpy = recipe.env-numpy;
  busybox = recipe.busybox;
}
