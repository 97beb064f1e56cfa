{
  description = "Tallystick: a workflow engine whose runs anyone can repeat, bit for bit";
  inputs = { }; # nothing to lock: every file is pinned by hash in the *.lock files beside the recipes
  outputs = { self }:
    let
      system = "x86_64-linux";
      recipe = import ./examples/env/default.nix { inherit system; };
      packaging = import ./packaging/tally.nix { inherit system; };
    in
    {
      packages.${system} = {
        inherit (recipe) env-sh env-python env-numpy tcc hello-tcc;
        inherit (packaging) tally;
        default = packaging.tally;
      };
      apps.${system}.default = {
        type = "app";
        program = "${packaging.tally}/bin/tally";
      };
      devShells.${system}.default = packaging.shell;
    };
}
