# `tally` itself from pinned wheels, by the functions of the recipe in examples/env: no nixpkgs, and
# evaluation needs no file of the network. The inputs are fetched as the recipe's own are:
#
#     LOCK=packaging/inputs.lock examples/env/fetch-inputs DIR      (dev.lock too, for `shell`)
{ system ? "x86_64-linux" }:
let
  recipe = import ../examples/env/default.nix { inherit system; };
  inherit (recipe) fixed mk wheel pyEnv python extras patchelf libc tools;

  # --- pinned inputs: store name -> file in the store ------------------------------------------
  locked = file: builtins.listToAttrs (map
    (line: let m = builtins.match "(deb|whl|src) +([^ ]+) +([^ ]+) +([0-9a-f]+)" line; in {
      name = builtins.elemAt m 1;
      value = fixed { name = builtins.elemAt m 1; hash = builtins.elemAt m 3; };
    })
    (builtins.filter (l: builtins.isString l && l != "" && builtins.substring 0 1 l != "#")
      (builtins.split "\n" (builtins.readFile file))));
  src = locked ./inputs.lock;
  dev = locked ./dev.lock;
  undeb = deb: "ar p ${deb} data.tar.xz | xz -dc | tar -x -C root";
  install = files: special: builtins.concatMap
    (name: let stem = builtins.match "(.*)\\.whl" name; in
      if stem == null then [ ]
      else [ (wheel (builtins.head stem) files.${name} (special.${name} or "")) ])
    (builtins.attrNames files);

  seccomp = mk "libseccomp-2.5.4" { } ''
    mkdir -p root $out/lib
    ${undeb src."libseccomp2.deb"}
    cp -L root/usr/lib/x86_64-linux-gnu/libseccomp.so.2 $out/lib/
  '';

  # --- tally's wheel, built by setuptools as pip would ------------------------------------------
  source = builtins.path {
    name = "tallystick-source";
    path = ../.;
    filter = path: _:
      let below = builtins.substring (builtins.stringLength (toString ../.) + 1) 4096 path; in
      builtins.elem (builtins.head (builtins.split "/" below))
        [ "cli" "engine" "peers" "examples" "pyproject.toml" "README.md" "LICENSE" ]
      && baseNameOf path != "__pycache__";
  };
  wheels = [ (wheel "varint" "${varint}/*.whl" "") ] ++ install (builtins.removeAttrs src [ "setuptools.whl" ]) {
    "pyseccomp.whl" = ''
      sed -i 's#ctypes.util.find_library("seccomp")#"${seccomp}/lib/libseccomp.so.2"#' pyseccomp.py
      grep -q '${seccomp}' pyseccomp.py
    '';
  };
  setuptools = wheel "setuptools" src."setuptools.whl" "";
  made = name: backend: unpacked: mk name { PYTHONHASHSEED = "0"; SOURCE_DATE_EPOCH = "315532800"; } ''
    ${unpacked}
    chmod -R u+w source; cd source; mkdir $out
    PYTHONPATH=${setuptools}/lib/python3.11/site-packages ${python}/bin/python3 -B -W ignore -c \
      'import sys; from setuptools import build_meta; ${backend}.build_wheel(sys.argv[1])' $out >/dev/null
  '';
  dist = made "tallystick-dist" "build_meta" "cp -r ${source} source";
  # one package of the index has no wheel
  varint = made "varint-dist" "build_meta.__legacy__" ''
    mkdir source; tar -xzf ${src."varint.tar.gz"} -C source --strip-components=1
  '';
  env = pyEnv "tally-env" ([ extras (wheel "tallystick" "${dist}/*.whl" "") ] ++ wheels);
  # -B: some of the recipe's .pyc are stale by their times, and root would write them anew in the store
  tally = mk "tally" { } ''
    mkdir -p $out/bin
    printf '#!${env}/bin/python3 -IB\nfrom cli.start import entry\nentry()\n' >$out/bin/tally
    chmod 555 $out/bin/tally
  '';

  # --- the development shell: ./check and everything it calls, the sources from the checkout -----
  bash = mk "bash-static-5.2.15" { } ''
    mkdir -p root $out/bin
    ${undeb dev."bash-static.deb"}
    cp root/bin/bash-static $out/bin/bash
  '';
  devEnv = pyEnv "tally-dev-env" ([ extras ] ++ wheels ++ [ setuptools ] ++ install dev {
    "ruff.whl" = ''
      mkdir -p $out/bin; cp *.data/scripts/ruff $out/bin/; chmod 755 $out/bin/ruff
      ${patchelf}/bin/patchelf --set-interpreter ${libc}/lib/ld-linux-x86-64.so.2 \
        --force-rpath --set-rpath ${libc}/lib $out/bin/ruff
      $out/bin/ruff --version
    '';
  });
  # only these names go on PATH: the environment's bin would hide the machine's own tools behind
  # busybox. A link to its python would not find pyvenv.cfg, so each is a script.
  devTools = mk "tally-dev-tools" { inherit devEnv; } ''
    mkdir -p $out/bin; cd $out/bin
    for n in python python3; do printf '#!${tools}/bin/sh\nexec ${devEnv}/bin/python3 -B "$@"\n' >$n; done
    tool() { printf '#!${devEnv}/bin/python3 -B\nfrom %s import %s\nraise SystemExit(%s())\n' $2 $3 $3 >$1; }
    tool tally cli.start entry
    tool pytest pytest main
    tool mypy mypy.__main__ console_entry
    tool lint-imports importlinter.cli lint_imports_command
    chmod 555 *
    for p in $(cat ${devEnv}/lib/python3.11/site-packages/env.pth); do
      p=''${p%/lib/python3.11/site-packages}; [ ! -e $p/bin/ruff ] || ln -s $p/bin/ruff ruff
    done
  '';
  # `nix develop` runs a builder called bash to learn the variables, and wants nothing else
  shell = derivation {
    name = "tally-dev";
    inherit system;
    builder = "${bash}/bin/bash";
    args = [ "-c" "echo 'for nix develop' >$out" ];
    outputs = [ "out" ];
    PATH = "${devTools}/bin";
    shellHook = "export PYTHONPATH=$PWD";
  };
in
{ inherit tally env dist shell devTools bash; }
